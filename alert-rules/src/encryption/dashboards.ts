/** Where the reader of an alert lands. */
export const encryptionDashboardPath = 'kop-encryption?var-portal={{ $labels.portal }}';
export const providerDashboardPath = `${encryptionDashboardPath}&var-provider={{ $labels.provider }}`;

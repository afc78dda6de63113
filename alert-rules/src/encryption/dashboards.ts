/** Where the reader of an alert lands. */
export const encryptionDashboard = 'kop-encryption?var-portal={{ $labels.portal }}';
export const providerDashboard = `${encryptionDashboard}&var-provider={{ $labels.provider }}`;

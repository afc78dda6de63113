/** Where the reader of an alert lands. */
export const complianceDashboardPath = 'kop-compliance?var-portal={{ $labels.portal }}';

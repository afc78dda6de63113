/** Where the reader of an alert lands. */
export const portalDashboardPath = 'kop-workflow-sla?var-portal={{ $labels.portal }}';
export const workflowDashboardPath = `${portalDashboardPath}&var-workflow={{ $labels.workflow }}`;

/** Where the reader of an alert lands. */
export const portalDashboard = 'kop-workflow-sla?var-portal={{ $labels.portal }}';
export const workflowDashboard = `${portalDashboard}&var-workflow={{ $labels.workflow }}`;

/** Where the reader of an alert lands. */
export const trailDashboardPath = 'kop-audit-trail?var-portal={{ $labels.portal }}&var-trail={{ $labels.trail }}';

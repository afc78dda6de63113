import { auditTrailDashboards } from './audit-trail/index.js';
import { complianceDashboards } from './compliance/index.js';
import type { DashboardDomain } from './domain.js';
import { encryptionDashboards } from './encryption/index.js';
import { workflowDashboards } from './workflow/index.js';

/** In the order in which they stand on the overview. A new domain is a line here. */
export const dashboardDomains: readonly DashboardDomain[] = [
  workflowDashboards,
  auditTrailDashboards,
  encryptionDashboards,
  complianceDashboards,
];

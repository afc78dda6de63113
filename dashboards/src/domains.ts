import type { Pack } from '../../pack/index.js';
import { auditTrailDashboard } from './audit-trail/dashboard.js';
import { auditTrailOverview } from './audit-trail/overview.js';
import { encryptionDashboard } from './encryption/dashboard.js';
import { encryptionOverview } from './encryption/overview.js';
import type { Dashboard } from './kit/types.js';
import type { OverviewPart } from './overview/part.js';
import { workflowSla } from './workflow/dashboard.js';
import { workflowOverview } from './workflow/overview.js';

/** What a kind of promise has to show. */
export interface DashboardDomain {
  readonly dashboard: (pack: Pack) => Dashboard;
  readonly overview: () => OverviewPart;
}

/** In the order in which they stand on the overview. A new domain is a line here. */
export const domains: readonly DashboardDomain[] = [
  { dashboard: workflowSla, overview: workflowOverview },
  { dashboard: auditTrailDashboard, overview: auditTrailOverview },
  { dashboard: encryptionDashboard, overview: encryptionOverview },
];

import type { DashboardDomain } from '../domain.js';
import { auditTrailDashboard } from './dashboard.js';
import { auditTrailOverview } from './overview.js';

export const auditTrailDashboards: DashboardDomain = { dashboard: auditTrailDashboard, overview: auditTrailOverview };

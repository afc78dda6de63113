import type { DashboardDomain } from '../domain.js';
import { complianceDashboard } from './dashboard.js';
import { complianceOverview } from './overview.js';

export const complianceDashboards: DashboardDomain = { dashboard: complianceDashboard, overview: complianceOverview };

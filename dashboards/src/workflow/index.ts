import type { DashboardDomain } from '../domain.js';
import { workflowSla } from './dashboard.js';
import { workflowOverview } from './overview.js';

export const workflowDashboards: DashboardDomain = { dashboard: workflowSla, overview: workflowOverview };

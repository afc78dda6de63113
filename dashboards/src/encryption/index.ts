import type { DashboardDomain } from '../domain.js';
import { encryptionDashboard } from './dashboard.js';
import { encryptionOverview } from './overview.js';

export const encryptionDashboards: DashboardDomain = { dashboard: encryptionDashboard, overview: encryptionOverview };

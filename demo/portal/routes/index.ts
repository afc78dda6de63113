import { encryptionRoutes } from '../encryption/canary-routes.js';
import type { Route } from '../http/route.js';
import { activityLogRoute } from './activity-logs.js';
import { analyticsRoutes } from './analytics.js';
import { authRoutes } from './auth.js';
import { brokenRoutes } from './broken.js';
import { clientDetailRoutes } from './client-detail.js';
import { clientGroupRoutes } from './client-groups.js';
import { clientListRoute } from './client-list.js';
import { clientProductRoutes } from './client-products.js';
import { docsRoutes } from './docs.js';
import { demoHealthRoutes } from './health.js';
import { homeDashboardRoute } from './home-dashboard.js';
import { navigationRoutes } from './navigation.js';
import { portfolioRoutes } from './portfolios.js';
import { presenceRoutes } from './presence.js';
import { revenueRoutes } from './revenue.js';
import { searchRoute } from './search.js';
import { systemRoutes } from './system.js';

/** Order matters: a fixed name stands before the parameter that would swallow it. */
export const apiRoutes: readonly Route[] = [
  ...docsRoutes,
  ...demoHealthRoutes,
  ...systemRoutes,
  ...authRoutes,
  clientListRoute,
  ...clientDetailRoutes,
  ...clientGroupRoutes,
  ...brokenRoutes,
  ...clientProductRoutes,
  ...portfolioRoutes,
  homeDashboardRoute,
  ...analyticsRoutes,
  ...navigationRoutes,
  searchRoute,
  ...revenueRoutes,
  ...presenceRoutes,
  activityLogRoute,
  ...encryptionRoutes,
];

/** Milliseconds the real portal takes when warm (130 client groups, 2 cores). */
export const WARM_MS = {
  clientList: 9,
  clientGroups: 4,
  clientDetail: 38,
  bulkClientData: 46,
  productDetail: 8,
  portfolioDetail: 3,
  search: 6,
  navigation: 5,
  revenue: 40,
  dashboardFast: 310,
  homeDashboard: 115,
  performanceData: 320,
} as const;

/** The first home dashboard after a start: the calculation holds the event loop, every route stalls. */
export const COLD_HOME_DASHBOARD_MS = 1_600;

/** With two cores, 8 analytics dashboards at once take 1.3 s and 20 take 2.7 s. */
export const DATABASE_CORES = 2;

export const CLIENT_LIST_TIMEOUT_MS = 10_000;

/** A route that takes longer than this keeps a core busy meanwhile. */
export const HEAVY_MS = 100;

import type { Route } from '../http/route.js';

/** Routes that answer 500 on a sound portal, each for the portal's own reason. No use as probes. */
export const brokenRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/portfolios/with-template',
    access: 'database',
    json: 'model',
    // Its answer does not fit its own response model, which happens outside the route's error handling.
    async handle({ db }) {
      await db.rows('select * from portfolios');
      throw new TypeError('response validation failed');
    },
  },
  {
    method: 'GET',
    path: '/api/portfolio-funds/irr-cache/stats',
    access: 'open',
    json: 'model',
    failure: 'Failed to get cache stats',
    handle() {
      throw new TypeError("'coroutine' object is not iterable");
    },
  },
  {
    method: 'GET',
    path: '/api/analytics/product_client_counts',
    access: 'database',
    json: 'plain',
    failure: 'Database error',
    // The column was dropped, the route was not.
    handle: async ({ db }) => db.rows('select id, relationship from client_groups where relationship is not null'),
  },
  {
    method: 'GET',
    path: '/api/client_products/{product_id}/revenue',
    access: 'database',
    json: 'model',
    async handle({ db }) {
      await db.rows('select 1');
      throw new TypeError('response validation failed');
    },
  },
];

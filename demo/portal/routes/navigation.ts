import { type Decimal, type Instant, numberOf } from '../database/values.js';
import { intQuery } from '../http/input.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';

/** The lists behind the menu pages. */
export const navigationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/funds',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.navigation,
    // fund_cost is declared float in its model, so it is a number although the route has one.
    handle: async (call) =>
      (
        await call.db.rows<{ fund_cost: Decimal | null }>(
          `select fund_name, isin_number, risk_factor, fund_cost, status, id, created_at from available_funds
           order by id limit $1 offset $2`,
          [intQuery(call, 'limit', 100_000, 1, 100_000), intQuery(call, 'skip', 0, 0, Number.MAX_SAFE_INTEGER)],
        )
      ).map((fund) => ({ ...fund, fund_cost: numberOf(fund.fund_cost) })),
  },
  {
    method: 'GET',
    path: '/api/available_providers',
    access: 'database',
    json: 'plain',
    failure: 'Database error',
    warmMs: WARM_MS.navigation,
    handle: async ({ db }) =>
      db.rows('select name, status, theme_color, id, created_at from available_providers order by name'),
  },
  {
    method: 'GET',
    path: '/api/available_portfolios/bulk-with-counts',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.navigation,
    async handle({ db }) {
      const templates = await db.rows<{ id: number; name: string; created_at: Instant }>(
        'select id, name, created_at from available_portfolios order by id',
      );
      const generations = await db.rows<{ available_portfolio_id: number; portfolio_count: number }>(
        `select g.id, g.available_portfolio_id, g.generation_name, g.status, g.created_at, w.weighted_risk_factor,
           (select count(*) from portfolios p where p.template_generation_id = g.id) as portfolio_count
         from template_portfolio_generations g left join template_generation_weighted_risk w on w.id = g.id
         where g.status = 'active' order by g.created_at desc`,
      );
      return templates.map((template) => {
        const own = generations.filter((generation) => generation.available_portfolio_id === template.id);
        return {
          ...template,
          generations: own,
          portfolioCount: own.reduce((sum, generation) => sum + generation.portfolio_count, 0),
        };
      });
    },
  },
  {
    method: 'GET',
    path: '/api/product_owners',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.navigation,
    handle: async (call) =>
      call.db.rows(
        `select id, firstname, surname, known_as, status, created_at from product_owners
         order by firstname nulls last, surname nulls last limit $1 offset $2`,
        [intQuery(call, 'limit', 100_000, 1, 100_000), intQuery(call, 'skip', 0, 0, Number.MAX_SAFE_INTEGER)],
      ),
  },
];

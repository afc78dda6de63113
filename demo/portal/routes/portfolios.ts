import { notFound } from '../http/errors.js';
import { idParam, intQuery } from '../http/input.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';
import { fundsOfPortfolio } from './portfolio-funds.js';

export const portfolioRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/portfolios',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.portfolioDetail,
    async handle(call) {
      if (call.query.get('count_only') === 'true') {
        return call.db.row('select count(*) as count from portfolios');
      }
      return call.db.rows('select * from portfolios order by id limit $1 offset $2', [
        intQuery(call, 'limit', 100_000, 1, 100_000),
        intQuery(call, 'skip', 0, 0, Number.MAX_SAFE_INTEGER),
      ]);
    },
  },
  {
    method: 'GET',
    path: '/api/portfolios/{portfolio_id}/complete',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.portfolioDetail,
    async handle(call) {
      const id = idParam(call, 'portfolio_id');
      const portfolio = await call.db.row<Record<string, unknown>>('select * from portfolios where id = $1', [id]);
      if (!portfolio) {
        throw notFound('Portfolio not found');
      }
      const template = await call.db.row('select * from template_portfolio_generations where id = $1', [
        portfolio.template_generation_id,
      ]);
      const { funds, valuations, irrs } = await fundsOfPortfolio(call.db, id);
      return {
        portfolio,
        template_info: template ?? null,
        portfolio_funds: funds,
        valuations_map: valuations,
        irr_map: irrs,
      };
    },
  },
  {
    method: 'GET',
    path: '/api/portfolios/{portfolio_id}',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    async handle(call) {
      const portfolio = await call.db.row('select * from portfolios where id = $1', [idParam(call, 'portfolio_id')]);
      if (!portfolio) {
        throw notFound('Portfolio not found');
      }
      return portfolio;
    },
  },
];

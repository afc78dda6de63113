import { type Decimal, numberOf } from '../database/values.js';
import { intQuery } from '../http/input.js';
import type { DatabaseCall, Route } from '../http/route.js';
import { COLD_HOME_DASHBOARD_MS, WARM_MS } from '../timings.js';

interface Amount extends Record<string, unknown> {
  readonly id: number;
  readonly name: string;
  readonly amount: Decimal;
}

/** Counts each portfolio once, where the other dashboard counts it once per fund: the two totals never agree. */
export const homeDashboardRoute: Route = {
  method: 'GET',
  path: '/api/analytics/dashboard_all',
  access: 'database',
  json: 'plain',
  failure: 'Error',
  warmMs: WARM_MS.homeDashboard,
  async handle(call) {
    const limits = ['fund_limit', 'provider_limit', 'template_limit'].map((name) =>
      intQuery(call, name, 10, 1, 100_000),
    );
    const companyIRR = await companyIrr(call);
    const { db } = call;
    const counts = await db.row<{
      clients: number;
      products: number;
      holdings: number;
      valuations: number;
      fum: Decimal;
    }>(
      `select (select count(*) from client_groups where status = 'active') as clients,
         (select count(*) from client_products where status = 'active') as products,
         (select count(*) from portfolio_funds where status = 'active') as holdings,
         (select count(*) from portfolio_fund_valuations) as valuations,
         (select coalesce(sum(v.valuation), 0) from portfolio_funds f
          join latest_portfolio_fund_valuations v on v.portfolio_fund_id = f.id where f.status = 'active') as fum`,
    );
    const funds = await db.rows<Amount>('select id, name, amount from fund_distribution_fast limit $1', [limits[0]]);
    const providers = await db.rows<Amount>('select id, name, amount from provider_distribution_fast limit $1', [
      limits[1],
    ]);
    const templates = await db.rows<Amount>(
      `select g.id, g.generation_name as name, coalesce(sum(v.valuation), 0) as amount
       from template_portfolio_generations g join portfolios p on p.template_generation_id = g.id
       left join latest_portfolio_valuations v on v.portfolio_id = p.id
       group by g.id order by amount desc limit $1`,
      [limits[2]],
    );
    return {
      metrics: {
        totalFUM: numberOf(counts?.fum),
        companyIRR,
        totalClients: counts?.clients,
        totalAccounts: counts?.products,
        totalActiveHoldings: counts?.holdings,
      },
      funds: funds.map(withTextId),
      providers: providers.map(withTextId),
      templates: templates.map(withTextId),
      performance: {
        optimization_stats: {
          total_db_queries: 6,
          total_portfolio_funds: counts?.holdings,
          total_valuations: counts?.valuations,
          valuations_used: counts?.holdings,
          fum_source: 'valuations',
        },
      },
    };
  },
};

async function companyIrr({ db, portal: { companyIrr: cache } }: DatabaseCall): Promise<number> {
  if (!cache.isFresh) {
    const found = await db.row<{ irr_value: Decimal | null }>(
      "select irr_value from company_irr_cache where calculation_type = 'company_irr'",
    );
    // Holds the event loop like the real calculation, but asleep: same stall for everyone, no processor time.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, COLD_HOME_DASHBOARD_MS);
    cache.fill(Math.round(numberOf(found?.irr_value) * 100) / 100);
  }
  return cache.entry?.value ?? 0;
}

function withTextId({ id, name, amount }: Amount) {
  return { id: String(id), name, amount: numberOf(amount) };
}

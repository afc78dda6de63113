import type { Connection } from '../database/pool.js';
import { type Decimal, type Instant, numberOf } from '../database/values.js';
import { idParam, intQuery } from '../http/input.js';
import type { Route, RouteCall } from '../http/route.js';
import { CompanyIrrCache } from '../state.js';
import { WARM_MS } from '../timings.js';

interface Summary extends Record<string, unknown> {
  readonly total_fum: Decimal | null;
  readonly company_irr: Decimal | null;
  readonly total_clients: number;
  readonly total_accounts: number;
  /** What the route asks for. The view calls its column `total_funds`, so this is never there. */
  readonly total_funds_managed?: number;
  readonly last_irr_calculation: Instant;
}

interface Share extends Record<string, unknown> {
  readonly id: number;
  readonly name: string;
  readonly amount: Decimal;
}

const NO_REVENUE = {
  total_annual_revenue: 0,
  active_products: 0,
  revenue_generating_products: 0,
  avg_revenue_per_product: 0,
  active_providers: 0,
};

const limitOf = (call: RouteCall, name: string) => intQuery(call, name, 100_000, 1, 100_000);

export const analyticsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/analytics/dashboard-fast',
    access: 'database',
    json: 'plain',
    failure: 'Ultra-fast dashboard calculation failed',
    warmMs: WARM_MS.dashboardFast,
    async handle(call) {
      const [fundLimit, providerLimit, templateLimit] = [
        limitOf(call, 'fund_limit'),
        limitOf(call, 'provider_limit'),
        limitOf(call, 'template_limit'),
      ];
      const startedAt = performance.now();
      const { db } = call;
      const summary = await db.row<Summary>('select * from analytics_dashboard_summary');
      // An empty portal has a null total, and converting that to a number is an error there: 500, not zero.
      if (summary?.total_fum == null) {
        throw new TypeError("float() argument must be a string or a real number, not 'NoneType'");
      }
      const total = numberOf(summary.total_fum);
      const funds = await db.rows<Share>('select id, name, amount from fund_distribution_fast limit $1', [fundLimit]);
      const providers = await db.rows<Share>('select id, name, amount from provider_distribution_fast limit $1', [
        providerLimit,
      ]);
      const templates = await db.rows<{ id: number; generation_name: string }>(
        "select id, generation_name from template_portfolio_generations where status = 'active' limit $1",
        [templateLimit],
      );
      const revenue = await db.row('select * from company_revenue_analytics').catch(() => NO_REVENUE);
      return {
        optimized: true,
        phase: 'ultra-fast',
        calculation_time: seconds(Math.max(performance.now() - startedAt, WARM_MS.dashboardFast)),
        metrics: {
          totalFUM: total,
          companyIRR: numberOf(summary.company_irr),
          totalClients: summary.total_clients,
          totalAccounts: summary.total_accounts,
          totalActiveHoldings: summary.total_funds_managed ?? 0,
        },
        distributions: {
          funds: funds.map((share) => withPercentage(share, total)),
          providers: providers.map((share) => withPercentage(share, total)),
          templates: templates.map(({ id, generation_name }) => ({
            id,
            name: generation_name,
            amount: 0,
            percentage: 0,
          })),
        },
        performance: { topPerformers: [], clientRisks: [] },
        revenue,
        cache_info: { last_irr_calculation: summary.last_irr_calculation, data_source: 'pre_computed_views' },
      };
    },
  },
  {
    method: 'GET',
    path: '/api/analytics/performance_data',
    access: 'database',
    json: 'plain',
    failure: 'Database error',
    warmMs: WARM_MS.performanceData,
    handle: async (call) => ({
      performanceData: await call.db.rows(
        `select id, name, type, avg_irr as irr, total_value as fum, advisor from client_groups_summary
         order by avg_irr desc nulls last limit $1`,
        [intQuery(call, 'limit', 10, 1, 100_000)],
      ),
    }),
  },
  {
    method: 'GET',
    path: '/api/analytics/irr-status',
    access: 'open',
    json: 'plain',
    handle({ portal: { companyIrr } }) {
      const entry = companyIrr.entry;
      const age = entry ? Date.now() / 1_000 - entry.takenAt : null;
      return {
        cache_exists: entry !== undefined,
        cache_fresh: companyIrr.isFresh,
        cache_age_seconds: age,
        cache_age_hours: age === null ? null : Math.round(age / 360) / 10,
        cached_irr: entry?.value ?? null,
        cache_duration: CompanyIrrCache.lifetimeSeconds,
        last_calculation: entry?.takenAt ?? null,
      };
    },
  },
  {
    method: 'POST',
    path: '/api/analytics/cache/reset',
    access: 'open',
    json: 'plain',
    handle({ portal }) {
      portal.companyIrr.empty();
      return { success: true, message: 'Cache reset' };
    },
  },
  {
    method: 'GET',
    path: '/api/analytics/client/{client_id}/irr',
    access: 'database',
    json: 'plain',
    failure: 'Error calculating client IRR',
    // An unknown client is 200 with zeros here, unlike everywhere else.
    async handle(call) {
      const clientId = idParam(call, 'client_id');
      const found = await weightedIrr(call.db, clientId);
      return found
        ? {
            client_id: clientId,
            irr: numberOf(found.irr),
            product_count: found.products,
            portfolio_fund_count: found.funds,
            calculation_method: 'standardized_multiple_funds_irr',
          }
        : { client_id: clientId, irr: 0, product_count: 0 };
    },
  },
];

async function weightedIrr(db: Connection, clientId: number) {
  const found = await db.row<{ irr: Decimal | null; products: number; funds: number }>(
    `select round(sum(i.irr_result * v.valuation) / nullif(sum(v.valuation), 0), 4) as irr, count(cp.id) as products,
       (select count(*) from portfolio_funds f join client_products c on c.portfolio_id = f.portfolio_id where c.client_id = $1) as funds
     from client_products cp
     left join latest_portfolio_irr_values i on i.portfolio_id = cp.portfolio_id
     left join latest_portfolio_valuations v on v.portfolio_id = cp.portfolio_id
     where cp.client_id = $1`,
    [clientId],
  );
  return found && found.products > 0 ? found : undefined;
}

function withPercentage(share: Share, total: number) {
  const amount = numberOf(share.amount);
  return { id: share.id, name: share.name, amount, percentage: Math.round((amount / total) * 1_000) / 10 };
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}

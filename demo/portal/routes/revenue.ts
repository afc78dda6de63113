import { type Decimal, numberOf } from '../database/values.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';

interface Company extends Record<string, unknown> {
  readonly total_annual_revenue: Decimal | null;
  readonly total_fixed_facilitated_revenue: Decimal | null;
  readonly active_products: number;
  readonly active_providers: number;
}

interface ClientRevenue extends Record<string, unknown> {
  readonly total_revenue: Decimal | null;
  readonly total_fum: Decimal | null;
  readonly needs_valuation: boolean;
}

const BY_CLIENT = `
  with product as (
    select distinct on (client_id, product_id) *,
      product_fund_count > 0 and product_fund_count = product_valued_fund_count as is_valued,
      coalesce(fixed_fee_direct::numeric, 0) + coalesce(fixed_fee_facilitated::numeric, 0)
        + product_total_fum * coalesce(percentage_fee_facilitated::numeric, 0) / 100 as revenue
    from revenue_analytics_optimized
  )
  select client_id as id, client_name as name, client_status as status, count(product_id) as product_count,
    sum(revenue) filter (where is_valued) as total_revenue,
    sum(product_total_fum) filter (where is_valued) as total_fum,
    count(*) filter (where is_valued and revenue > 0) as products_with_revenue,
    bool_or(not is_valued) as needs_valuation
  from product group by client_id, client_name, client_status order by total_revenue desc nulls last`;

export const revenueRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/revenue/company',
    access: 'database',
    json: 'plain',
    failure: 'Error fetching revenue analytics',
    warmMs: WARM_MS.revenue,
    async handle({ db }) {
      const found = await db.row<Company>('select * from company_revenue_analytics');
      const total = numberOf(found?.total_annual_revenue);
      const products = found?.active_products ?? 0;
      return [
        {
          total_annual_revenue: total,
          total_fixed_revenue: numberOf(found?.total_fixed_facilitated_revenue),
          // The portal asks the view for a column it does not have, and takes zero.
          total_percentage_revenue: 0,
          active_products: products,
          revenue_generating_products: products,
          avg_revenue_per_product: products > 0 ? total / products : 0,
          active_providers: found?.active_providers ?? 0,
        },
      ];
    },
  },
  {
    method: 'GET',
    path: '/api/revenue/optimized',
    access: 'database',
    json: 'plain',
    failure: 'Error calculating revenue breakdown',
    warmMs: WARM_MS.revenue,
    async handle({ db }) {
      const clients = await db.rows<ClientRevenue>(BY_CLIENT);
      const company = clients.reduce((sum, client) => sum + numberOf(client.total_revenue), 0);
      return clients.map(({ needs_valuation, ...client }) => ({
        ...client,
        total_revenue: numberOf(client.total_revenue),
        total_fum: numberOf(client.total_fum),
        revenue_percentage_of_total: company > 0 ? (numberOf(client.total_revenue) / company) * 100 : 0,
        revenue_status: needs_valuation ? 'needs_valuation' : 'complete',
      }));
    },
  },
];

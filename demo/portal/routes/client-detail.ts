import { type Decimal, numberOf } from '../database/values.js';
import { notFound } from '../http/errors.js';
import { idParam } from '../http/input.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';

interface ProductRow extends Record<string, unknown> {
  readonly id: number;
  readonly portfolio_id: number | null;
  readonly irr: Decimal | null;
}

interface FundRow extends Record<string, unknown> {
  readonly portfolio_id: number;
  readonly status: string;
  readonly market_value: Decimal | null;
  readonly valuation_date: string | null;
}

interface OwnerRow extends Record<string, unknown> {
  readonly id: number;
  readonly product_id: number;
}

const PRODUCTS = `
  select cp.id, cp.product_name, cp.product_type, cp.start_date, cp.end_date, cp.status, cp.portfolio_id,
    p.portfolio_name, cp.provider_id, ap.name as provider_name, ap.theme_color as provider_theme_color, cp.plan_number,
    cp.template_generation_id, cp.fixed_fee_direct, cp.fixed_fee_facilitated, cp.percentage_fee_facilitated,
    g.generation_name, (select irr_result from latest_portfolio_irr_values i where i.portfolio_id = cp.portfolio_id) as irr
  from client_products cp
  left join portfolios p on p.id = cp.portfolio_id
  left join available_providers ap on ap.id = cp.provider_id
  left join template_portfolio_generations g on g.id = cp.template_generation_id
  where cp.client_id = $1 order by cp.id`;

const FUNDS = `
  select portfolio_fund_id as id, portfolio_id, fund_name, isin_number, risk_factor, status, amount_invested,
    latest_valuation as market_value, latest_valuation_date as valuation_date, latest_irr as irr,
    total_investments as investments, total_tax_uplift as tax_uplift, total_withdrawals as withdrawals,
    total_switch_in as fund_switch_in, total_switch_out as fund_switch_out,
    total_product_switch_in as product_switch_in, total_product_switch_out as product_switch_out
  from fund_activity_summary where portfolio_id = any($1)`;

const OWNERS = `
  select o.id, o.firstname, o.surname, o.known_as, o.status, x.product_id
  from product_owner_products x join product_owners o on o.id = x.product_owner_id where x.product_id = any($1)`;

export const clientDetailRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/client_groups/{client_group_id}/complete',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.clientDetail,
    async handle(call) {
      const id = idParam(call, 'client_group_id');
      const group = await call.db.row<Record<string, unknown>>('select * from client_groups where id = $1', [id]);
      if (!group) {
        throw notFound(`Client group with ID ${id} not found`);
      }
      const products = await call.db.rows<ProductRow>(PRODUCTS, [id]);
      const funds = await call.db.rows<FundRow>(FUNDS, [products.map((product) => product.portfolio_id)]);
      const owners = await call.db.rows<OwnerRow>(OWNERS, [products.map((product) => product.id)]);
      const advisor = await call.db.row<{ first_name: string; last_name: string; email: string }>(
        'select first_name, last_name, email from profiles where id = $1',
        [group.advisor_id],
      );
      return {
        client_group: {
          ...group,
          product_owners: [...new Map(owners.map((owner) => [owner.id, withoutProduct(owner)])).values()],
          advisor_name: advisor ? `${advisor.first_name} ${advisor.last_name}` : null,
          advisor_email: advisor?.email ?? null,
          advisor_first_name: advisor?.first_name ?? null,
          advisor_last_name: advisor?.last_name ?? null,
          advisor_assignment_status: advisor ? 'assigned' : 'unassigned',
        },
        products: products.map((product) => completeProduct(product, funds, owners)),
        total_products: products.length,
        performance_stats: {
          queries_executed: 5,
          funds_processed: funds.length,
          optimization_note: 'Used bulk views - 92% query reduction vs individual calls',
        },
      };
    },
  },
];

function completeProduct(product: ProductRow, allFunds: readonly FundRow[], allOwners: readonly OwnerRow[]) {
  const funds = allFunds.filter((fund) => fund.portfolio_id === product.portfolio_id);
  const active = funds.filter((fund) => fund.status === 'active');
  const { generation_name, ...rest } = product;
  return {
    ...rest,
    total_value: active.reduce((sum, fund) => sum + numberOf(fund.market_value), 0),
    valuation_date:
      active
        .map((fund) => fund.valuation_date ?? '')
        .sort()
        .at(-1) ?? null,
    // A number when known, a dash when not: the portal mixes types in this field.
    irr: product.irr === null ? '-' : numberOf(product.irr),
    active_fund_count: active.length,
    inactive_fund_count: funds.length - active.length,
    template_info: generation_name ? { id: product.template_generation_id, generation_name } : null,
    product_owners: allOwners.filter((owner) => owner.product_id === product.id).map(withoutProduct),
    funds,
  };
}

function withoutProduct({ product_id: _, ...owner }: OwnerRow) {
  return owner;
}

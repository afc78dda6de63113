import { type Decimal, numberOf } from '../database/values.js';
import { notFound } from '../http/errors.js';
import { idParam } from '../http/input.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';
import { fundsOfPortfolio } from './portfolio-funds.js';

interface ProductRow extends Record<string, unknown> {
  readonly portfolio_id: number | null;
  readonly product_name: string;
}

export const clientProductRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/products_display',
    access: 'database',
    json: 'model',
    failure: 'Internal server error',
    warmMs: WARM_MS.navigation,
    handle: async ({ db }) =>
      (
        await db.rows<{ current_value: Decimal | null; current_irr: Decimal | null }>(
          `select v.id as product_id, v.product_name, v.product_type, v.plan_number, v.status, v.client_id, v.client_name,
             v.provider_id, v.provider_name, v.provider_theme_color, v.portfolio_id, v.current_value, v.current_irr,
             v.current_irr_date as irr_date,
             (select string_agg(concat_ws(' ', o.firstname, o.surname), ', ') from product_owner_products x
              join product_owners o on o.id = x.product_owner_id where x.product_id = v.id) as product_owner_name
           from products_display_view v order by v.id`,
        )
      ).map(({ current_value, current_irr, ...row }) => ({
        ...row,
        total_value: numberOf(current_value),
        irr: current_irr === null ? null : numberOf(current_irr),
      })),
  },
  {
    method: 'GET',
    path: '/api/client_products',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.navigation,
    handle: async ({ db }) => db.rows('select * from client_products order by id'),
  },
  {
    method: 'GET',
    path: '/api/client_products/{client_product_id}/complete',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.productDetail,
    async handle(call) {
      const id = idParam(call, 'client_product_id');
      const product = await call.db.row<ProductRow>(
        `select cp.*, cg.name as client_name, ap.name as provider_name, ap.theme_color as provider_theme_color
         from client_products cp left join client_groups cg on cg.id = cp.client_id
         left join available_providers ap on ap.id = cp.provider_id where cp.id = $1`,
        [id],
      );
      if (!product) {
        throw notFound(`Product with ID ${id} not found`);
      }
      const owners = await call.db.rows(
        `select o.*, concat_ws(' ', o.firstname, o.surname) as name from product_owner_products x
         join product_owners o on o.id = x.product_owner_id where x.product_id = $1`,
        [id],
      );
      const portfolio = await call.db.row('select * from portfolios where id = $1', [product.portfolio_id]);
      const { funds, valuations, irrs, totalValue } = await fundsOfPortfolio(call.db, product.portfolio_id);
      const irr = await call.db.row<{ irr_result: Decimal }>(
        'select irr_result from latest_portfolio_irr_values where portfolio_id = $1',
        [product.portfolio_id],
      );
      return {
        ...product,
        product_owners: owners,
        portfolio_details: portfolio ?? null,
        portfolio_funds: funds,
        fund_valuations: valuations,
        irr_values: irrs,
        summary: { total_value: totalValue, irr_weighted: irr?.irr_result ?? '-' },
        total_value: totalValue,
        irr: irr?.irr_result ?? '-',
      };
    },
  },
  {
    method: 'GET',
    path: '/api/client_products/{product_id}/irr',
    access: 'database',
    json: 'model',
    failure: 'Error calculating product IRR',
    // A GET that writes: it stores what it calculated. The reason why it must never be probed.
    async handle(call) {
      const id = idParam(call, 'product_id');
      const product = await call.db.row<ProductRow>(
        'select portfolio_id, product_name from client_products where id = $1',
        [id],
      );
      if (!product) {
        throw notFound(`Product with ID ${id} not found`);
      }
      const written = await call.db.row<{ irr_result: Decimal }>(
        `update portfolio_irr_values set irr_result = round(irr_result, 3), created_at = now()
         where id = (select id from latest_portfolio_irr_values where portfolio_id = $1) returning irr_result`,
        [product.portfolio_id],
      );
      const irr = numberOf(written?.irr_result);
      return { product_id: id, product_name: product.product_name, irr, irr_decimal: irr / 100 };
    },
  },
];

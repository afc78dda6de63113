import { type Decimal, numberOf } from '../database/values.js';
import { notFound } from '../http/errors.js';
import { idParam, intQuery } from '../http/input.js';
import type { Route } from '../http/route.js';
import { WARM_MS } from '../timings.js';

const GROUP_COLUMNS = `g.id, g.name, g.status, g.type, g.created_at, g.advisor_id, g.advisor,
  concat_ws(' ', p.first_name, p.last_name) as advisor_name, p.email as advisor_email,
  p.first_name as advisor_first_name, p.last_name as advisor_last_name,
  case when p.id is not null then 'HAS_ADVISOR' else 'NO_ADVISOR' end as advisor_assignment_status`;

interface BulkRow extends Record<string, unknown> {
  readonly client_group_id: number;
  readonly client_group_name: string;
  readonly product_id: number | null;
  readonly product_status: string;
  readonly active_fund_count: number;
  readonly product_total_value: Decimal;
}

export const clientGroupRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/client_groups/bulk_client_data',
    access: 'database',
    json: 'plain',
    failure: 'Database error',
    warmMs: WARM_MS.bulkClientData,
    async handle({ db }) {
      const rows = await db.rows<BulkRow>(
        `select d.*, p.first_name, p.last_name, p.email from client_group_complete_data d
         left join profiles p on p.id = d.advisor_id order by client_group_name, product_name`,
      );
      if (rows.length === 0) {
        return { client_groups: [] };
      }
      const groups = grouped(rows).map(groupWithProducts);
      return {
        client_groups: groups,
        total_count: groups.length,
        total_fum: groups.reduce((sum, group) => sum + group.fum, 0),
        metadata: {
          query_time: 'bulk_optimized',
          cache_eligible: true,
          includes_all_statuses: true,
          data_source: 'client_group_complete_data',
        },
      };
    },
  },
  {
    method: 'GET',
    path: '/api/client_groups',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    warmMs: WARM_MS.clientGroups,
    handle: async (call) =>
      call.db.rows(
        `select ${GROUP_COLUMNS} from client_groups g left join profiles p on p.id = g.advisor_id
         order by g.name limit $1 offset $2`,
        [intQuery(call, 'limit', 100_000, 1, 100_000), intQuery(call, 'skip', 0, 0, Number.MAX_SAFE_INTEGER)],
      ),
  },
  {
    method: 'GET',
    path: '/api/client_groups/{client_group_id}',
    access: 'database',
    json: 'model',
    failure: 'Database error',
    async handle(call) {
      const id = idParam(call, 'client_group_id');
      const group = await call.db.row(
        `select ${GROUP_COLUMNS} from client_groups g left join profiles p on p.id = g.advisor_id where g.id = $1`,
        [id],
      );
      if (!group) {
        throw notFound(`Client group with ID ${id} not found`);
      }
      return group;
    },
  },
  {
    method: 'GET',
    path: '/api/advisors',
    access: 'user',
    json: 'model',
    failure: 'Database error',
    handle: async ({ db }) =>
      db.rows(
        `select p.id as advisor_id, p.first_name, p.last_name, concat_ws(' ', p.first_name, p.last_name) as full_name,
           p.email, count(distinct g.id) as client_groups_count, count(cp.id) as total_products_count
         from profiles p join client_groups g on g.advisor_id = p.id left join client_products cp on cp.client_id = g.id
         group by p.id order by p.id`,
      ),
  },
];

// Rows of one group stand together only by name, and names may repeat.
function grouped(rows: readonly BulkRow[]): BulkRow[][] {
  const groups = new Map<number, BulkRow[]>();
  for (const row of rows) {
    const group = groups.get(row.client_group_id);
    if (group) {
      group.push(row);
    } else {
      groups.set(row.client_group_id, [row]);
    }
  }
  return [...groups.values()];
}

function groupWithProducts(rows: readonly BulkRow[]) {
  const [first] = rows;
  const products = rows.filter((row) => row.product_id !== null);
  const active = products.filter((row) => row.product_status === 'active');
  return {
    id: first?.client_group_id,
    name: first?.client_group_name,
    status: first?.client_group_status,
    type: first?.type,
    created_at: first?.created_at,
    advisor_id: first?.advisor_id,
    advisor_name: first?.first_name ? `${first.first_name} ${first.last_name}` : null,
    advisor_email: first?.email ?? null,
    advisor_first_name: first?.first_name ?? null,
    advisor_last_name: first?.last_name ?? null,
    advisor_assignment_status: first?.email ? 'assigned' : 'unassigned',
    advisor: first?.legacy_advisor_text,
    products: products.map((row) => ({
      id: row.product_id,
      product_name: row.product_name,
      product_type: row.product_type,
      start_date: row.product_start_date,
      end_date: row.product_end_date,
      status: row.product_status,
      portfolio_id: row.portfolio_id,
      provider_id: row.provider_id,
      provider_name: row.provider_name,
      provider_theme_color: row.provider_theme_color,
      portfolio_name: row.portfolio_name,
      active_fund_count: row.active_fund_count,
      inactive_fund_count: row.inactive_fund_count,
      product_total_value: numberOf(row.product_total_value),
    })),
    fum: active.reduce((sum, row) => sum + numberOf(row.product_total_value), 0),
    active_products: active.length,
    total_funds: active.reduce((sum, row) => sum + row.active_fund_count, 0),
  };
}

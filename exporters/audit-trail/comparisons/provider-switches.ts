import type { Comparison } from './comparison.js';

/** A product that never switched has no row in the log, so only those that have one can be compared. */
export const providerSwitches: Comparison = {
  sentence: 'Products whose provider is not the one that their newest provider switch names: a change nobody logged.',
  sql: `
select count(*) filter (where p.provider_id is distinct from s.new_provider_id) as findings, count(*) as checked
from public.client_products p
join (
  select distinct on (client_product_id) client_product_id, new_provider_id
  from public.provider_switch_log
  order by client_product_id, coalesce(switch_date, created_at) desc, id desc
) s on s.client_product_id = p.id`,
};

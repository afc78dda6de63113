import type { Comparison } from './comparison.js';

/** No foreign key keeps these rows together, and valuations are deleted by hand. */
export const orphanedValuations: Comparison = {
  sentence: 'Rates of return that name a valuation which is not there any more: it was deleted, and they stayed.',
  sql: `
select count(*) filter (where is_orphan) as findings, count(*) as checked
from (
  select not exists (select from public.portfolio_fund_valuations v where v.id = i.fund_valuation_id) as is_orphan
  from public.portfolio_fund_irr_values i where i.fund_valuation_id is not null
  union all
  select not exists (select from public.portfolio_valuations v where v.id = i.portfolio_valuation_id)
  from public.portfolio_irr_values i where i.portfolio_valuation_id is not null
) derived`,
};

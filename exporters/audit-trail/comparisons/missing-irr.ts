import type { Comparison } from './comparison.js';

/** The portal computes them after the valuation, so those of the last hour are left out. */
export const missingIrr: Comparison = {
  sentence:
    'Valuations older than an hour without a rate of return: it was deleted or never computed, as for a fund without flows.',
  sql: `
select count(*) filter (where is_missing) as findings, count(*) as checked
from (
  select not exists (select from public.portfolio_fund_irr_values i where i.fund_valuation_id = v.id) as is_missing
  from public.portfolio_fund_valuations v where v.created_at < now() - interval '1 hour'
  union all
  select not exists (select from public.portfolio_irr_values i where i.portfolio_valuation_id = v.id)
  from public.portfolio_valuations v where v.created_at < now() - interval '1 hour'
) valuations`,
};

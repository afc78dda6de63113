import type { Comparison } from './comparison.js';

export const activityWithoutLog: Comparison = {
  sentence: 'Holdings with money in them and no activity in the activity log: an investment nobody logged.',
  sql: `
select count(*) filter (where not exists (select from public.holding_activity_log l where l.portfolio_fund_id = f.id)) as findings,
       count(*) as checked
from public.portfolio_funds f where f.amount_invested > 0`,
};

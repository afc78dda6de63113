import type { Comparison } from './comparison.js';

/**
 * `last_login` is text, so whatever is no time is left out. A session lives for a day, and logging out deletes it, so
 * only the last day is compared and a finding may be somebody who has gone home.
 */
export const loginsWithoutSession: Comparison = {
  sentence: 'Logins of the last day without a session from that time on: deleted, or ended by logging out.',
  sql: `
select count(*) filter (where not exists (
         select from public.session s
         where s.profiles_id = a.profiles_id and s.created_at >= a.at - interval '1 minute')) as findings,
       count(*) as checked
from (
  select profiles_id, case when last_login ~ '^\\d{4}-[01]\\d-[0-3]\\d[T ][0-2]\\d:[0-5]\\d' then last_login::timestamptz end as at
  from public.authentication
) a
where a.at > now() - interval '1 day'`,
};

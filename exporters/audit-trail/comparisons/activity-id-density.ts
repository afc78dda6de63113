import type { Comparison } from './comparison.js';

export const activityIdDensity: Comparison = {
  sentence:
    'Numbers between the first and the last activity that no row has: deleted activities, or numbers that a rollback or a bulk import left unused.',
  sql: `
select coalesce(max(id) - min(id) + 1 - count(*), 0) as findings, coalesce(max(id) - min(id) + 1, 0) as checked
from public.holding_activity_log`,
};

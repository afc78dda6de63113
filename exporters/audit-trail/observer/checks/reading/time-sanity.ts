import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';

/**
 * A record is as old as its statement, or as its transaction where it is dated by `now()`. A transaction may commit hours after it
 * began, so a moment of commit bounds a record from above only. From below it is bounded by earlier polls: a transaction that had
 * no id then either was open then, and no older than the oldest that was, or began later.
 */
const TIMES = (sql: RecordsSql, facts: Facts, window: RecordsWindow, from: number) => {
  const committed = facts.trackCommitTimestamp ? 'pg_xact_commit_timestamp(r.row_xid)' : 'null::timestamptz';
  const begun = `select max(p.begun) from unnest($${from}::bigint[], $${from + 1}::float8[]) p(xmax, begun)
    where p.xmax <= (${asXid8('r.row_xid', facts.xmax)})`;
  return `
select count(*) filter (where b.at > coalesce(b.committed, clock_timestamp()) + make_interval(secs => $${from + 2}))::int as future,
       count(*) filter (where b.at < to_timestamp(b.begun) - make_interval(secs => $${from + 3}))::int as backdated
from (select r.at, ${committed} as committed, (${begun}) as begun from ${sql.live} r
      where ${window.where('r')} and r.op in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) b`;
};

/** An earlier poll: no transaction with an id from this one on began before this time of the server's clock. */
export interface BegunFrom {
  readonly xmax: string;
  readonly begunFrom: number;
}

export interface TimeLimits {
  readonly polls: readonly BegunFrom[];
  readonly skewSeconds: number;
  /** How long after its change a record may be written. */
  readonly writeLagSeconds: number;
}

export interface TimeResult {
  readonly future: number;
  readonly backdated: number;
}

export async function checkTimes(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: RecordsWindow,
  { polls, skewSeconds, writeLagSeconds }: TimeLimits,
): Promise<TimeResult> {
  const bounds = [polls.map(({ xmax }) => xmax), polls.map(({ begunFrom }) => begunFrom)];
  const [row] = await session.query<TimeResult & Record<string, unknown>>(
    TIMES(sql, facts, window, window.params.length + 1),
    [...window.params, ...bounds, skewSeconds, skewSeconds + writeLagSeconds],
  );
  return { future: row?.future ?? 0, backdated: row?.backdated ?? 0 };
}

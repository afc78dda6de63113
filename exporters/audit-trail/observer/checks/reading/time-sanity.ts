import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';

/**
 * The moment of commit is PostgreSQL's own (`track_commit_timestamp`). Where it is not kept, an earlier poll
 * bounds it from below: a transaction that had not begun then cannot have written before then.
 */
const TIMES = (sql: RecordsSql, facts: Facts, window: RecordsWindow, from: number) => {
  const committed = facts.trackCommitTimestamp ? 'pg_xact_commit_timestamp(r.row_xid)' : 'null::timestamptz';
  const begun = `case when (${asXid8('r.row_xid', facts.xmax)}) >= $${from}::bigint then to_timestamp($${from + 1}::float8) end`;
  return `
select count(*) filter (where b.at > coalesce(b.committed, clock_timestamp()) + make_interval(secs => $${from + 2}))::int as future,
       count(*) filter (where b.at < coalesce(b.committed, b.begun) - make_interval(secs => $${from + 3}))::int as backdated
from (select r.at, ${committed} as committed, ${begun} as begun from ${sql.live} r
      where ${window.where('r')} and r.op in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) b`;
};

export interface TimeLimits {
  /** An earlier poll: no transaction from this one on had begun, at this time of the server's clock. */
  readonly earlier: { readonly xmax: bigint; readonly clock: number } | undefined;
  readonly skewSeconds: number;
  /**
   * How long before its commit a record may have been written: the longest that a transaction was seen open, because
   * a record is as old as its statement, and its transaction may commit hours later.
   */
  readonly openSeconds: number;
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
  limits: TimeLimits,
): Promise<TimeResult> {
  const { earlier, skewSeconds, openSeconds } = limits;
  // Beyond every transaction when there was no earlier poll.
  const params = [(earlier?.xmax ?? 2n ** 62n).toString(), earlier?.clock ?? 0, skewSeconds, skewSeconds + openSeconds];
  const [row] = await session.query<TimeResult & Record<string, unknown>>(
    TIMES(sql, facts, window, window.params.length + 1),
    [...window.params, ...params],
  );
  return { future: row?.future ?? 0, backdated: row?.backdated ?? 0 };
}

import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { Facts } from '../../../database/facts.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';

/** Transactions that may still add records. Other roles' are seen only with `pg_read_all_stats`. */
const OLDEST = `
select greatest(
  (select extract(epoch from clock_timestamp() - min(a.xact_start)) from pg_stat_activity a where a.backend_xid is not null),
  (select extract(epoch from clock_timestamp() - min(p.prepared)) from pg_prepared_xacts p))::float8 as seconds`;

export interface Stall {
  /** The oldest running transaction, and since when it has been that (ms of our clock). */
  readonly xmin: string;
  readonly since: number;
}

/** Age of the oldest transaction that may still add records: as the server says, and as we saw the watermark stand. */
export async function watermarkLag(
  session: Session,
  facts: Facts,
  before: Stall | undefined,
  now: number,
): Promise<{ seconds: number; stall: Stall }> {
  const [row] = await session.query<{ seconds: number | null }>(OLDEST);
  const isStanding = before !== undefined && before.xmin === facts.xmin.toString() && facts.xmin < facts.xmax;
  const stall = isStanding ? before : { xmin: facts.xmin.toString(), since: now };
  return { seconds: Math.max(0, row?.seconds ?? 0, (now - stall.since) / 1000), stall };
}

/** How much later than the change an application wrote its record; by the moment of commit, in steps of the bounds. */
const WRITE_LAG = (sql: RecordsSql, window: RecordsWindow, bounds: readonly number[]) => `
select width_bucket(extract(epoch from pg_xact_commit_timestamp(r.row_xid) - r.at)::float8, array[${bounds.join(', ')}]::float8[]) as bucket,
       count(*)::int as n, avg(greatest(0, extract(epoch from pg_xact_commit_timestamp(r.row_xid) - r.at)))::float8 as mean
from ${sql.live} r where ${window.where('r')} and r.op is not null and pg_xact_commit_timestamp(r.row_xid) is not null group by 1`;

export interface LagBucket {
  readonly n: number;
  readonly mean: number;
}

export async function writeLags(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: RecordsWindow,
  bounds: readonly number[],
): Promise<readonly LagBucket[]> {
  if (!facts.trackCommitTimestamp) return [];
  return await session.query<LagBucket & Record<string, unknown>>(WRITE_LAG(sql, window, bounds), window.params);
}

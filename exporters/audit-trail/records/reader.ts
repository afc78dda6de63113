import type { Session } from '../../runtime/postgres/read-only.js';
import type { Facts } from '../database/facts.js';
import type { RecordsSql } from './sql.js';
import { beginning, type Watermark } from './watermark.js';

/** Records that are new since the last poll, as a condition on a derived table (see `RecordsSql`). */
export interface RecordsWindow {
  readonly where: (alias: string) => string;
  readonly params: readonly unknown[];
  readonly next: Watermark;
  /** No more records that are certain to be complete. */
  readonly caughtUp: boolean;
  readonly isEmpty: boolean;
  /** Place of the last record in it; only where there is a transaction column. */
  readonly lastRead?: { readonly xid: string; readonly ord: string };
}

export interface ReadOptions {
  readonly limit: number;
  /** No transaction at or above is read: one may still be running, or its application may still owe records. */
  readonly below: bigint;
  /** For how long an application may owe a record; where there is no transaction column. */
  readonly owedMs: number;
  /** How far back a late record may be dated, besides the age of the oldest open transaction. */
  readonly marginMs: number;
}

/** More ids than this are not kept: the overlap then begins later, and a record that appears before is not read. */
const MOST_SEEN = 200_000;

const OVERLAP_FLOOR = `
select least(
  (select min(xact_start) from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid()),
  (select min(prepared) from pg_prepared_xacts),
  clock_timestamp()) - make_interval(secs => $1) as floor`;

export function modeOf(sql: RecordsSql): Watermark['mode'] {
  return sql.txidType === undefined ? 'overlap' : 'xid8';
}

/**
 * The next window of records.
 *
 * With a transaction column: everything below the oldest transaction that is still running, in (transaction, order)
 * order. No transaction below that line can add a record any more, so nothing is missed and nothing comes twice,
 * however late it commits. Reading `id > last` would lose the records of whoever took an id early and committed late.
 *
 * Without such a column: by time, reading again whatever lies after the beginning of the oldest open transaction. That
 * is exact only as long as times are honest and other sessions' transactions can be seen.
 */
export async function nextWindow(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  from: Watermark | undefined,
  options: ReadOptions,
): Promise<RecordsWindow> {
  const mode = modeOf(sql);
  const start = from?.mode === mode ? from : beginning(mode);
  return start.mode === 'xid8'
    ? byTransaction(session, sql, start, { ...options, below: options.below < facts.xmin ? options.below : facts.xmin })
    : byOverlap(session, sql, start, options);
}

async function byTransaction(
  session: Session,
  sql: RecordsSql,
  from: Extract<Watermark, { mode: 'xid8' }>,
  { limit, below: cap }: ReadOptions,
): Promise<RecordsWindow> {
  const { txidType = 'xid8', ordType } = sql;
  const lower = (alias: string) =>
    from.ord === undefined
      ? `${alias}.txid >= $1::${txidType}`
      : `(${alias}.txid, ${alias}.ord) > ($1::${txidType}, $3::${ordType})`;
  const params = [from.xid, cap.toString(), ...(from.ord === undefined ? [] : [from.ord])];
  const [last] = await session.query<{ xid: string; ord: string; n: number }>(
    `select w.txid::text as xid, w.ord::text as ord, w.n::int from (
       select r.txid, r.ord, row_number() over (order by r.txid, r.ord) as n from ${sql.live} r
       where ${lower('r')} and r.txid < $2::${txidType} order by r.txid, r.ord limit ${limit}) w
     order by w.n desc limit 1`,
    params,
  );
  const lastRead = last === undefined ? {} : { lastRead: { xid: last.xid, ord: last.ord } };
  if (last === undefined || last.n < limit) {
    return {
      where: (alias) => `${lower(alias)} and ${alias}.txid < $2::${txidType}`,
      params,
      // The limit may decrease (a standby, a restore); nothing must be read twice then.
      next: cap >= BigInt(from.xid) ? { mode: 'xid8', xid: cap.toString() } : from,
      caughtUp: true,
      isEmpty: last === undefined,
      ...lastRead,
    };
  }
  const position = params.length;
  return {
    where: (alias) =>
      `${lower(alias)} and ${alias}.txid < $2::${txidType} and (${alias}.txid, ${alias}.ord) <= ($${position + 1}::${txidType}, $${position + 2}::${ordType})`,
    params: [...params, last.xid, last.ord],
    next: { mode: 'xid8', xid: last.xid, ord: last.ord },
    caughtUp: false,
    isEmpty: false,
    ...lastRead,
  };
}

async function byOverlap(
  session: Session,
  sql: RecordsSql,
  from: Extract<Watermark, { mode: 'overlap' }>,
  { limit, marginMs, owedMs }: ReadOptions,
): Promise<RecordsWindow> {
  const [row] = await session.query<{ floor: string }>(`select floor::text from (${OVERLAP_FLOOR}) f`, [
    (marginMs + owedMs) / 1000,
  ]);
  const floor = row?.floor ?? new Date(0).toISOString();
  const seen = new Set(from.seen);
  const rows = await session.query<{ id: string; at: string }>(
    `select r.id::text as id, r.at::text as at from ${sql.live} r
     where ($1::timestamptz is null or r.at >= $1::timestamptz) and r.at is not null
       and not r.id::text = any($2::text[]) and r.at < clock_timestamp() - make_interval(secs => $3)
     order by r.at, r.id limit ${limit}`,
    [from.from ?? null, from.seen, owedMs / 1000],
  );
  const caughtUp = rows.length < limit;
  // Not caught up: what lies after the last row is still to come, and its equals too.
  const nextFrom = caughtUp ? floor : earlier(floor, rows.at(-1)?.at ?? floor);
  const keep = await session.query<{ id: string }>(
    `select r.id::text as id from ${sql.live} r where r.at >= $1::timestamptz and r.id::text = any($2::text[])`,
    [nextFrom, [...seen, ...rows.map(({ id }) => id)]],
  );
  const kept = keep.map(({ id }) => id).slice(-MOST_SEEN);
  return {
    where: (alias) => `${alias}.id = any($1::text[]::${sql.idType}[])`,
    params: [rows.map(({ id }) => id)],
    next: { mode: 'overlap', from: nextFrom, seen: kept },
    caughtUp,
    isEmpty: rows.length === 0,
  };
}

/** Both in the server's ISO form in UTC; microseconds matter, so they are compared as texts of one length. */
function earlier(a: string, b: string): string {
  return comparable(a) < comparable(b) ? a : b;
}

function comparable(text: string): string {
  const [, seconds = text, fraction = ''] = /^([^.+]*)(?:\.(\d+))?/.exec(text) ?? [];
  return `${seconds}.${fraction.padEnd(6, '0')}`;
}

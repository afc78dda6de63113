import type { Session } from '../../../runtime/postgres/read-only.js';
import type { Facts } from '../../database/facts.js';
import type { RecordsSql } from '../../records/sql.js';
import type { Memory } from '../memory.js';
import type { TableMemory } from '../tables/memory.js';
import { isReplaced } from '../tables/storage.js';

type Progress = NonNullable<Memory['checks']['reading']['progress']>;

/**
 * A restored server, where system and timeline are the same or cannot be read: it came back without a record that was
 * read long before.
 */
export async function hasLostHistory(memory: Memory, session: Session, sql: RecordsSql): Promise<boolean> {
  const { xid, ord } = memory.checks.reading.landmark ?? {};
  if (xid === undefined || ord === undefined || sql.txidType === undefined) return false;
  const found = await session.query(
    `select 1 as there from ${sql.all} r where r.txid = $1::${sql.txidType} and r.ord = $2::${sql.ordType} limit 1`,
    [xid, ord],
  );
  return found.length === 0 && !(await isReplaced(session, sql));
}

/** The first transaction whose record was written after the last poll. Undefined where that cannot be asked. */
export async function firstSinceLastPoll(
  memory: Memory,
  session: Session,
  facts: Facts,
  sql: RecordsSql | undefined,
): Promise<bigint | undefined> {
  const lastPoll = memory.looks.at(-1);
  const mode = memory.checks.reading.progress?.watermark?.mode;
  if (sql?.txidType === undefined || lastPoll === undefined || mode !== 'xid8') return undefined;
  const [first] = await session.query<{ xid: string | null }>(
    `select min(r.txid::text::bigint)::text as xid from ${sql.live} r where r.at >= to_timestamp($1::float8)`,
    [lastPoll.clock],
  );
  return BigInt(first?.xid ?? facts.xmin);
}

/**
 * In another history transaction ids begin again below those that were seen. Whatever was written after our last poll is
 * new here, and everything before was read then; so reading goes on at the first record after it.
 */
export function inOtherHistory(memory: Memory, facts: Facts, first: bigint | undefined): Memory {
  const { landmark: _, progress, ...reading } = memory.checks.reading;
  const tables = (all: Memory['tables']): Memory['tables'] =>
    Object.fromEntries(Object.entries(all).map(([label, own]) => [label, ofOtherHistory(own, facts)]));
  return {
    ...memory,
    tables: tables(memory.tables),
    gone: tables(memory.gone),
    checks: {
      ...memory.checks,
      reading: {
        ...reading,
        ...(progress === undefined ? {} : { progress: first === undefined ? progress : from(progress, facts, first) }),
      },
    },
  };
}

function from(progress: Progress, { xmin }: Facts, first: bigint): Progress {
  const { lastRead: _, ...rest } = progress;
  const xid = least(first, xmin);
  if (rest.watermark?.mode !== 'xid8' || BigInt(xid) > BigInt(rest.watermark.xid)) return rest;
  return { ...rest, watermark: { mode: 'xid8', xid } };
}

/** What was suspected, accepted or redefined beyond is not in this history. */
function ofOtherHistory(own: TableMemory, { xmin, xmax }: Facts): TableMemory {
  const { suspicion, accepted, reading } = own;
  const redefined = Object.entries(reading.redefined ?? {}).map(([column, changes]) => [
    column,
    changes.filter((xid) => BigInt(xid) < xmin),
  ]);
  return {
    ...own,
    ...(suspicion === undefined ? {} : { suspicion: { ...suspicion, xmax: least(BigInt(suspicion.xmax), xmax) } }),
    ...(accepted === undefined ? {} : { accepted: { ...accepted, xid: least(BigInt(accepted.xid), xmin) } }),
    reading: redefined.length === 0 ? reading : { ...reading, redefined: Object.fromEntries(redefined) },
  };
}

function least(a: bigint, b: bigint): string {
  return (a < b ? a : b).toString();
}

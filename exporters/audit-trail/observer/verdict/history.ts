import type { Session } from '../../../runtime/postgres/read-only.js';
import type { Facts } from '../../database/facts.js';
import type { RecordsSql } from '../../records/sql.js';
import type { Memory } from '../memory.js';
import { isReplaced } from '../tables/storage.js';

/**
 * C12, where system and timeline are the same or cannot be read. A server that came back without a record that was read
 * long before is a restored one.
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

/**
 * In another history transaction ids begin again below those that were seen. Whatever was written after our last look is
 * new here, and everything before was read then; so reading goes on at the first record after it.
 */
export async function enterOtherHistory(
  memory: Memory,
  session: Session,
  facts: Facts,
  sql: RecordsSql | undefined,
): Promise<void> {
  const least = (a: bigint, b: bigint) => (a < b ? a : b).toString();
  const lastLook = memory.looks.at(-1);
  const { progress: reading } = memory.checks.reading;
  if (sql?.txidType !== undefined && lastLook !== undefined && reading?.watermark?.mode === 'xid8') {
    const [first] = await session.query<{ xid: string | null }>(
      `select min(r.txid::text::bigint)::text as xid from ${sql.live} r where r.at >= to_timestamp($1::float8)`,
      [lastLook.clock],
    );
    const from = least(BigInt(first?.xid ?? facts.xmin), facts.xmin);
    if (BigInt(from) <= BigInt(reading.watermark.xid)) reading.watermark = { mode: 'xid8', xid: from };
    delete reading.lastRead;
  }
  delete memory.checks.reading.landmark;
  for (const own of [...Object.values(memory.tables), ...Object.values(memory.gone)]) {
    const { suspicion, accepted } = own;
    if (suspicion !== undefined) suspicion.xmax = least(BigInt(suspicion.xmax), facts.xmax);
    // What was accepted, or redefined, beyond is not in this history.
    if (accepted !== undefined) accepted.xid = least(BigInt(accepted.xid), facts.xmin);
    for (const [column, changes] of Object.entries(own.reading.redefined ?? {}))
      own.reading.redefined = { ...own.reading.redefined, [column]: changes.filter((xid) => BigInt(xid) < facts.xmin) };
  }
}

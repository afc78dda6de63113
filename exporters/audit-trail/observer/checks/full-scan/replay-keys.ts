import { qualified } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import { type EarlierKey, isDigest, keyOfImage, rowHasKey } from '../../../records/keys.js';
import type { RecordsSql } from '../../../records/sql.js';
import { imageOf } from '../../tables/columns.js';
import { mayBeUnderLostKey } from '../../tables/earlier-keys.js';
import { type Finding, findingId } from '../../verdict/findings.js';
import type { TableDisposal } from '../disposals.js';
import { isSinceCollision, keyUnder } from '../last-record.js';
import { lastTruncate, type ReplayKind, type ReplayPage, type ReplayUnit } from './replay.js';

/**
 * The second half of a replay: keys whose last record leaves a row, and there is none. A walk over (schema, table, key, id desc),
 * so a key without a live row is found although nothing in the table points to it.
 */
export async function replayKeys(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  unit: ReplayUnit,
  from: readonly string[] | undefined,
  limit: number,
): Promise<ReplayPage> {
  const truncate = await lastTruncate(session, sql, unit);
  const rows = await session.query<KeyRow>(KEYS(sql, facts, unit, from !== undefined, limit, truncate), from ?? []);
  const [summary] = rows.filter(({ is_summary }) => is_summary);
  const gone = rows.filter((row) => !row.is_summary);
  const moved = gone.length === 0 ? new Set<string>() : await movedKeys(session, sql, unit, gone);
  const mismatches: { kind: ReplayKind; finding: Finding }[] = [];
  const accepted: string[] = [];
  const { disposals } = unit;
  let unpaired = 0;
  for (const row of gone) {
    if (row.key === null || row.record === null || moved.has(row.record)) continue;
    if (row.txid !== null && BigInt(row.txid) < unit.madeAt) continue;
    if (mayBeDeletedLawfully(disposals, BigInt(row.txid ?? 0))) continue;
    const id = findingId(unit.table, row.key, row.record);
    if (unit.isAccepting && BigInt(row.txid ?? 0) < unit.acceptedBefore) {
      accepted.push(id);
      continue;
    }
    if (mayBeUnderLostKey(unit.columns.earlierKeys, BigInt(row.txid ?? 0))) {
      if (BigInt(row.txid ?? 0) >= unit.acceptedBefore) unpaired += 1;
      continue;
    }
    const isForged = unit.recordsAreTooMany === 'yes' && row.op === 'INSERT';
    const isUnclear = unit.recordsAreTooMany === 'perhaps' && row.op === 'INSERT';
    mismatches.push({
      kind: 'missing_live',
      finding: {
        table: unit.table,
        kind: isForged ? 'unexplained' : 'missing',
        operation: isForged ? 'INSERT' : 'DELETE',
        check: 'replay',
        id,
        key: row.key,
        detail: 'the row is gone, and no record deletes it',
        ...(isUnclear ? { isUnclear } : {}),
      },
    });
  }
  const compared = Number(summary?.record ?? 0);
  return {
    mismatches,
    redefined: 0,
    unpaired,
    accepted,
    unbaselined: 0,
    lackingImages: 0,
    untold: [],
    compared,
    next: compared < limit || summary?.key == null ? undefined : [summary.key],
  };
}

/** Whether the record of its deletion may have been disposed of: keys of disposed records are not known any more. */
function mayBeDeletedLawfully(disposals: readonly TableDisposal[], lastRecord: bigint): boolean {
  return disposals.some((own) => own.toXid > lastRecord && (own.has('DELETE') || own.has('TRUNCATE')));
}

const KEYS = (
  sql: RecordsSql,
  facts: Facts,
  unit: ReplayUnit,
  isLater: boolean,
  limit: number,
  truncate: string | undefined,
) => {
  const since = truncate === undefined ? '' : `and p.ord > ${truncate}`;
  const ofTable = sql.ofTable('p', unit.recordedAs);
  const keyOfRow = keyOfImage(unit.format, 'd.img', unit.columns.key, sql.keyType);
  const rowsOfDigest = `select from (select ${imageOf('c', unit.columns)} as img from ${qualified(unit.relation)} c) d where ${keyOfRow} = k.key`;
  const digests = unit.format === 'bounded' ? ` and not (${isDigest('k.key')} and exists (${rowsOfDigest}))` : '';
  const { earlierKeys } = unit.columns;
  const isSince = isSinceCollision(sql, facts, earlierKeys);
  const isThere = [unit.columns.key, ...earlierKeys.filter(isAsked).map(({ columns }) => columns)].map(
    (columns) =>
      `exists (select from ${qualified(unit.relation)} c where ${rowHasKey(unit.format, 'c', 'k.key', columns)})`,
  );
  // Most keys have their row, so their records need not be read: the index alone gives the keys.
  return `
with k as materialized (
  select distinct p.key from ${sql.all} p
  where ${ofTable} and p.key is not null ${isLater ? `and p.key > $1::text::${sql.keyType}` : ''} ${since} and ${isSince}
  order by p.key limit ${limit}),
gone as materialized (
  select k.key from k
  where not (${isThere.join(' or ')})${digests})
select true as is_summary, (select k.key::text from k order by k.key desc limit 1) as key, (select count(*)::text from k) as record, null as op, null as txid
union all
select false, gone.key::text, l.id::text, l.op, l.txid from gone
cross join lateral (
  select p.id, p.op, ${sql.txidOf('p', (xmin) => asXid8(xmin, facts.xmax))}::text as txid from ${sql.all} p
  where ${ofTable} and p.key = gone.key and p.op is not null ${since} order by p.ord desc limit 1) l
where l.op <> 'DELETE'`;
};

/** Records of a key that collides with that of today are left out. */
function isAsked({ isLost, collides }: EarlierKey): boolean {
  return !isLost && !collides;
}

interface KeyRow extends Record<string, unknown> {
  is_summary: boolean;
  key: string | null;
  record: string | null;
  op: string | null;
  txid: string | null;
}

/** Last records of keys that their rows left afterwards, by an update of the key itself. */
async function movedKeys(
  session: Session,
  sql: RecordsSql,
  unit: ReplayUnit,
  gone: readonly KeyRow[],
): Promise<Set<string>> {
  if (!sql.hasImages || sql.hasParts) return new Set();
  const { key, earlierKeys } = unit.columns;
  const oldKey = keyOfImage(unit.format, 'r.old', key, sql.keyType);
  const newKey = keyOfImage(unit.format, 'r.new', key, sql.keyType);
  // A row whose key's definition changed left its key with the first change after that.
  const leaving = earlierKeys.flatMap((earlier) => {
    const before = keyUnder(sql, earlier, unit.format, 'r.old');
    return before === undefined ? [] : [{ from: before, isMove: `r.key is distinct from ${before}` }];
  });
  const moves = [{ from: oldKey, isMove: `r.op = 'UPDATE' and ${oldKey} is distinct from ${newKey}` }, ...leaving];
  // Only a move after the last record under the key explains that it is gone: the key may have been used again since.
  const rows = await session.query<{ record: string }>(
    moves
      .map(
        ({ from, isMove }) => `select distinct p.id::text as record from ${sql.all} r
     join ${sql.all} p on p.id = any($2::text[]::${sql.idType}[]) and p.key = ${from} and r.ord > p.ord
     where ${sql.ofTable('r', unit.recordedAs)} and ${sql.ofTable('p', unit.recordedAs)} and r.op in ('UPDATE', 'DELETE')
       and ${isMove} and ${from} = any($1::text[]::${sql.keyType}[])`,
      )
      .join(' union '),
    [gone.map((row) => row.key), gone.map(({ record }) => record)],
  );
  return new Set(rows.map(({ record }) => record));
}

import type { AuditOperation } from '../../../../../pack/audit-trail/model.js';
import { ident, qualified } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import { type KeyColumn, keyOfImage } from '../../../records/keys.js';
import type { RecordsSql } from '../../../records/sql.js';
import { imageOf } from '../../tables/columns.js';
import { mayBeUnderLostKey } from '../../tables/earlier-keys.js';
import { type FindingKind, findingId } from '../../verdict/findings.js';
import type { TableDisposal } from '../disposals.js';
import { differingColumns, type ImageDifference, mayDifferByDefinition, sameValue } from '../images.js';
import { lastRecord } from '../last-record.js';
import { withoutSpelling } from '../same-values.js';
import { readSpelled, underColumnNames, untoldColumns } from '../spelled-values.js';
import { lastTruncate, type ReplayKind, type ReplayPage, type ReplayUnit } from './replay.js';

const firstKey = (columns: readonly KeyColumn[], alias: string) =>
  columns.map(({ name }) => `${alias}.${ident(name)}`).join(', ');
const typed = (columns: readonly KeyColumn[], from: number) =>
  columns.map(({ type }, index) => `$${from + index}::text::${type}`).join(', ');

/**
 * The first half of a replay: the live rows of one page against the last record of each. Both sides are read from one snapshot, so
 * concurrent writes cause no difference.
 */
export async function replayRows(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  unit: ReplayUnit,
  from: readonly string[] | undefined,
  limit: number,
): Promise<ReplayPage> {
  const { key } = unit.columns;
  const after = from === undefined ? 'true' : `(${firstKey(key, 'c')}) > (${typed(key, 1)})`;
  const ends = await session.query<{ n: number; key: string[] }>(
    `select e.n::int, e.key from (
       select row_number() over () as n, k.key from (
         select array[${key.map(({ name }) => `c.${ident(name)}::text`).join(', ')}] as key from ${qualified(unit.relation)} c
         where ${after} order by ${firstKey(key, 'c')} limit ${limit}) k) e
     order by e.n desc limit 1`,
    from ?? [],
  );
  const [end] = ends;
  if (end === undefined)
    return {
      mismatches: [],
      redefined: 0,
      unpaired: 0,
      accepted: [],
      unbaselined: 0,
      lackingImages: 0,
      untold: [],
      compared: 0,
      next: undefined,
    };
  const params = [...(from ?? []), ...end.key];
  const upTo = `(${firstKey(key, 'c')}) <= (${typed(key, (from?.length ?? 0) + 1)})`;
  const truncate = await lastTruncate(session, sql, unit);
  const found = await session.query<LiveRow>(LIVE(sql, facts, unit, `${after} and ${upTo}`, truncate), params);
  const compared = await withoutSpelling(session, unit.columns.columns, found, sql);
  const all = sql.spellsValues ? compared.map((row) => readSpelled(row, unit.columns.columns, sql.hasParts)) : compared;
  const rows = all.filter((row) => !isUnpaired(unit, row));
  return {
    mismatches: rows.flatMap((row) => (row.key === null ? [] : (judgeLive(unit, row.key, row) ?? []))),
    unpaired: all.length - rows.length,
    redefined: rows.filter((row) => row.key !== null && differences(unit, row).redefined.length > 0).length,
    accepted: [],
    unbaselined: Number(rows.find(({ key }) => key === null)?.row_xid ?? 0),
    lackingImages: rows.filter(({ lacks_image }) => lacks_image).length,
    untold: [...new Set(rows.flatMap(({ untold }) => untold ?? []))],
    compared: end.n,
    next: end.n < limit ? undefined : end.key,
  };
}

const LIVE = (sql: RecordsSql, facts: Facts, unit: ReplayUnit, where: string, truncate: string | undefined) => {
  const xid8 = (xmin: string) => asXid8(xmin, facts.xmax);
  const key = keyOfImage(unit.format, 'c.img', unit.columns.key, sql.keyType);
  const since = truncate === undefined ? '' : `and p.ord > ${truncate}`;
  const image = sql.hasParts ? underColumnNames('l.new', unit.columns.columns) : 'l.new';
  const difference = sql.hasImages
    ? `case when l.new is distinct from c.img then ${differingColumns(image, 'c.img')} end`
    : 'null::jsonb';
  const untold = sql.spellsValues
    ? `case when l.new is not null then ${untoldColumns(image, unit.columns.columns)} end`
    : 'null::text[]';
  const isDifferent = sql.hasImages ? 'or l.new is distinct from c.img' : '';
  const last = lastRecord(sql, facts, unit, {
    image: 'c.img',
    columns: `p.id, p.op, p.new, p.live, p.row_xid, p.ord, ${sql.txidType === undefined ? 'null::text' : 'p.txid'} as txid`,
    where: `and ${sql.ofTable('p', unit.recordedAs)} ${since}`,
  });
  const lacksImage = sql.hasImages ? "l.op <> 'DELETE' and l.new is null" : 'false';
  const isWatched = unit.watchedSince === undefined ? 'false' : `c.xid >= ${unit.watchedSince}`;
  const isOtherVersion = unit.comparesVersions
    ? `or (${isWatched} and l.row_xid::text is distinct from c.xmin::text)`
    : '';
  return `
with j as materialized (
  select ${key}::text as key, c.xid::text as row_xid, l.id::text as record, l.op, l.live, l.txid::text as txid,
         (${xid8('l.row_xid')})::text as record_xid, ${difference} as difference,
         ${untold} as untold, l.id is not null and ${lacksImage} as lacks_image,
         (l.id is null and not (${unit.hasSnapshot} or ${isWatched})) or ${isRecordDisposedOf(unit.disposals)} as is_unbaselined
  from (select c.xmin, ${xid8('c.xmin')} as xid, ${imageOf('c', unit.columns)} as img from ${qualified(unit.relation)} c where ${where} offset 0) c
  left join lateral (${last}) l on true
  where c.xid >= ${unit.acceptedBefore} and (l.id is null or l.op = 'DELETE' ${isDifferent} ${isOtherVersion}))
select null as key, (select count(*)::text from j where is_unbaselined) as row_xid, null as record, null as op, null::boolean as live,
       null as txid, null as record_xid, null::jsonb as difference, null::text[] as untold, false as lacks_image
union all
select key, row_xid, record, op, live, txid, record_xid, difference, untold, lacks_image from j where not is_unbaselined`;
};

/** The record of this version of the row is not there, and was under a disposal; or only its SNAPSHOT could have been. */
function isRecordDisposedOf(disposals: readonly TableDisposal[]): string {
  if (disposals.length === 0) return 'false';
  const isUnder = disposals.map(({ fromXid, toXid }) => `(c.xid >= ${fromXid} and c.xid < ${toXid})`).join(' or ');
  const isThere = 'coalesce(l.row_xid::text = c.xmin::text or l.txid::text = c.xid::text, false)';
  const snapshots = disposals.filter((disposal) => disposal.has('SNAPSHOT')).map(({ toXid }) => `c.xid < ${toXid}`);
  const isOlder = snapshots.length === 0 ? 'false' : `l.id is null and (${snapshots.join(' or ')})`;
  return `(((${isUnder}) and not ${isThere}) or (${isOlder}))`;
}

interface LiveRow extends Record<string, unknown> {
  /** Null in the one row that counts those without baseline. */
  key: string | null;
  row_xid: string;
  record: string | null;
  op: string | null;
  live: boolean | null;
  txid: string | null;
  record_xid: string | null;
  difference: ImageDifference | null;
  /** Columns with a value that no record tells, or that cannot be read from it. */
  untold: readonly string[] | null;
  lacks_image: boolean;
}

/** What its records are under cannot be told any more, and it was not written since. */
function isUnpaired({ columns: { columns, earlierKeys } }: ReplayUnit, row: LiveRow): boolean {
  if (row.key === null || earlierKeys.length === 0) return false;
  const rowXid = BigInt(row.row_xid);
  const recordedIn = BigInt(row.txid ?? row.record_xid ?? 0);
  if (row.record !== null && recordedIn >= rowXid) return false;
  if (mayBeUnderLostKey(earlierKeys, rowXid)) return true;
  // A column that was added or converted since may have made this row version.
  const isRewritten = columns.some(({ changed }) => changed === rowXid);
  return row.record === null && isRewritten && earlierKeys.some(({ isLost }) => isLost);
}

type Mismatch = ReplayPage['mismatches'][number];

function judgeLive(unit: ReplayUnit, key: string, row: LiveRow): Mismatch | undefined {
  const rowXid = BigInt(row.row_xid);
  const isWatched = unit.watchedSince !== undefined && rowXid >= unit.watchedSince;
  const mismatch = (kind: ReplayKind, operation: AuditOperation, finding: FindingKind, detail: string): Mismatch => {
    const id = findingId(unit.table, key, row.record ?? undefined);
    return { kind, finding: { table: unit.table, kind: finding, operation, check: 'replay', id, key, detail } };
  };
  if (row.record === null) {
    return mismatch('missing_record', 'INSERT', 'missing', 'the row has no record');
  }
  if (row.op === 'DELETE') {
    const isNewer = rowXid > BigInt(row.record_xid ?? row.txid ?? 0);
    return isNewer
      ? mismatch('resurrected', 'INSERT', 'missing', 'the row is there after its last record deleted it')
      : mismatch('resurrected', 'DELETE', 'unexplained', 'a record deletes a row that was never deleted');
  }
  const { changed } = differences(unit, row);
  if (changed.length > 0) {
    const kind = blame(row, rowXid);
    return mismatch('different', 'UPDATE', kind, `${describe(kind)}, in ${changed.join(', ')}`);
  }
  // The values agree, but this version of the row is newer than its last record: changed back, or to the same.
  const isUnrecorded =
    isWatched &&
    unit.comparesVersions &&
    row.live === true &&
    row.op !== 'SNAPSHOT' &&
    rowXid > BigInt(row.record_xid ?? 0);
  return isUnrecorded
    ? mismatch('different', 'UPDATE', 'missing', 'the row was written again without a record')
    : undefined;
}

/**
 * Columns whose values differ, sorted. Redefined is one whose definition changed after the last record of the row, where the row
 * was not written since, except by that change itself: what it holds is of another type, or of another column of that name. Where
 * row versions cannot be compared with records, nothing shows that the row was not written, and a difference is one.
 */
function differences(
  unit: ReplayUnit,
  row: LiveRow,
): { readonly changed: readonly string[]; readonly redefined: readonly string[] } {
  const rowXid = BigInt(row.row_xid);
  // A rewrite of the table makes row versions of its own.
  const isWrittenBy = (xid: bigint) =>
    unit.comparesVersions && (unit.watchedSince === undefined || rowXid < unit.watchedSince || rowXid <= xid);
  const recordedIn = BigInt(row.txid ?? row.record_xid ?? 0);
  const changed: string[] = [];
  const redefined: string[] = [];
  for (const [name, [a, b]] of Object.entries(row.difference ?? {})) {
    const column = unit.columns.columns.find((own) => own.name === name);
    const since = [column?.changed, column?.typeChanged].filter((xid = 0n) => recordedIn < xid);
    if (sameValue(a, b, { type: column?.base, wasRedefined: since.length > 0 })) continue;
    const isRedefined = column !== undefined && mayDifferByDefinition(column, recordedIn, a, b);
    if (isRedefined && since.some((xid = 0n) => isWrittenBy(xid))) redefined.push(name);
    else changed.push(name);
  }
  return { changed: changed.sort(), redefined: redefined.sort() };
}

/**
 * The later of the two is wrong. If the record is as old as the row version, the record was not changed since: then its
 * transaction changed the row once more.
 */
function blame(row: LiveRow, rowXid: bigint): FindingKind {
  if (row.record_xid === null || rowXid >= BigInt(row.record_xid)) return 'missing';
  return row.txid !== null && BigInt(row.txid) > rowXid ? 'unexplained' : row.txid === null ? 'missing' : 'altered';
}

function describe(kind: FindingKind): string {
  if (kind === 'missing') return 'the row changed after its last record';
  return kind === 'unexplained'
    ? 'the last record is of a change that never was'
    : 'the last record does not say what its change left';
}

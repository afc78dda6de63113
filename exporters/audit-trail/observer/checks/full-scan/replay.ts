import type { replayKinds } from '../../../../../pack/audit-trail/metrics.js';
import type { AuditOperation } from '../../../../../pack/audit-trail/model.js';
import { ident, type QualifiedName, qualified } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import { type KeyColumn, type KeyFormat, keyOfImage, rowHasKey } from '../../../records/keys.js';
import type { RecordsSql } from '../../../records/sql.js';
import { imageOf, type TableColumns } from '../../tables/columns.js';
import { type Finding, type FindingKind, findingId } from '../../verdict/findings.js';
import type { TableDisposal } from '../disposals.js';
import { differingColumns, type ImageDifference, sameValue } from '../images.js';

export type ReplayKind = (typeof replayKinds)[number];

/** What one sweep goes over: a table, or one leaf of it where the records name leaves. */
export interface ReplayUnit {
  /** Label of the table in scope. */
  readonly table: string;
  readonly oid: string;
  readonly relation: QualifiedName;
  /** As the records name it. */
  readonly recordedAs: QualifiedName;
  readonly columns: TableColumns;
  readonly format: KeyFormat;
  /** Records from before this transaction are of another table that had its name; 0 unless that was seen to happen. */
  readonly madeAt: bigint;
  /** A SNAPSHOT was seen, so every row must have a record. */
  readonly hasSnapshot: boolean;
  /** Records of it that are lawfully gone. */
  readonly disposals: readonly TableDisposal[];
  /** Row versions from this transaction on were made under our eyes: they must have a record, and of the same version. */
  readonly watchedSince: bigint | undefined;
  /** Row versions and last records older than this were accepted by a declared baseline. */
  readonly acceptedBefore: bigint;
  /** The first sweep after a baseline: what is gone from the table by now is accepted. */
  readonly isAccepting: boolean;
  /** A record has the same xmin as the row version that it describes. */
  readonly comparesVersions: boolean;
  /** More records than trigger calls: a record too many is then likelier than a change too few. */
  readonly recordsAreTooMany: 'yes' | 'no' | 'perhaps';
}

export interface ReplayPage {
  readonly mismatches: readonly { readonly kind: ReplayKind; readonly finding: Finding }[];
  /** Accepted by the baseline in this sweep, to be remembered. */
  readonly accepted: readonly string[];
  /** Live rows of which nothing can be said: older than the observer, and no SNAPSHOT. */
  readonly unbaselined: number;
  /** Live rows whose last record does not say what it left. */
  readonly lackingImages: number;
  readonly compared: number;
  /** Where to go on; undefined at the end. */
  readonly next: readonly string[] | undefined;
}

const firstKey = (columns: readonly KeyColumn[], alias: string) =>
  columns.map(({ name }) => `${alias}.${ident(name)}`).join(', ');
const typed = (columns: readonly KeyColumn[], from: number) =>
  columns.map(({ type }, index) => `$${from + index}::text::${type}`).join(', ');

/**
 * C7, first half: the live rows of one page against the last record of each. Both sides are of one snapshot, so a
 * difference is a difference, whoever writes meanwhile.
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
    return { mismatches: [], accepted: [], unbaselined: 0, lackingImages: 0, compared: 0, next: undefined };
  const params = [...(from ?? []), ...end.key];
  const upTo = `(${firstKey(key, 'c')}) <= (${typed(key, (from?.length ?? 0) + 1)})`;
  const truncate = await lastTruncate(session, sql, unit);
  const rows = await session.query<LiveRow>(LIVE(sql, facts, unit, `${after} and ${upTo}`, truncate), params);
  return {
    mismatches: rows.flatMap((row) => (row.key === null ? [] : (judgeLive(unit, row.key, row) ?? []))),
    accepted: [],
    unbaselined: Number(rows.find(({ key }) => key === null)?.row_xid ?? 0),
    lackingImages: rows.filter(({ lacks_image }) => lacks_image).length,
    compared: end.n,
    next: end.n < limit ? undefined : end.key,
  };
}

const LIVE = (sql: RecordsSql, facts: Facts, unit: ReplayUnit, where: string, truncate: string | undefined) => {
  const xid8 = (xmin: string) => asXid8(xmin, facts.xmax);
  const key = keyOfImage(unit.format, 'c.img', unit.columns.key, sql.keyType);
  const since = truncate === undefined ? '' : `and p.ord > ${truncate}`;
  const difference = sql.hasImages
    ? `case when l.new is distinct from c.img then ${differingColumns('l.new', 'c.img')} end`
    : 'null::jsonb';
  const isDifferent = sql.hasImages ? 'or l.new is distinct from c.img' : '';
  const lacksImage = sql.hasImages ? "l.op <> 'DELETE' and l.new is null" : 'false';
  const isWatched = unit.watchedSince === undefined ? 'false' : `c.xid >= ${unit.watchedSince}`;
  const isOtherVersion = unit.comparesVersions
    ? `or (${isWatched} and l.row_xid::text is distinct from c.xmin::text)`
    : '';
  return `
with j as materialized (
  select ${key}::text as key, c.xid::text as row_xid, l.id::text as record, l.op, l.live, l.txid::text as txid,
         (${xid8('l.row_xid')})::text as record_xid, ${difference} as difference,
         l.id is not null and ${lacksImage} as lacks_image,
         (l.id is null and not (${unit.hasSnapshot} or ${isWatched})) or ${isRecordDisposedOf(unit.disposals)} as is_unbaselined
  from (select c.xmin, ${xid8('c.xmin')} as xid, ${imageOf('c', unit.columns)} as img from ${qualified(unit.relation)} c where ${where} offset 0) c
  left join lateral (select p.id, p.op, p.new, p.live, p.row_xid, ${sql.txidType === undefined ? 'null::text' : 'p.txid'} as txid from ${sql.all} p
        where ${sql.ofTable('p', unit.recordedAs)} and p.key = ${key} and p.op is not null ${since} order by p.ord desc limit 1) l on true
  where c.xid >= ${unit.acceptedBefore} and (l.id is null or l.op = 'DELETE' ${isDifferent} ${isOtherVersion}))
select null as key, (select count(*)::text from j where is_unbaselined) as row_xid, null as record, null as op, null::boolean as live,
       null as txid, null as record_xid, null::jsonb as difference, false as lacks_image
union all
select key, row_xid, record, op, live, txid, record_xid, difference, lacks_image from j where not is_unbaselined`;
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
  lacks_image: boolean;
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
  const recordedIn = BigInt(row.txid ?? row.record_xid ?? 0);
  const changed = Object.entries(row.difference ?? {})
    .filter(([name, [a, b]]) => {
      const column = unit.columns.columns.find((own) => own.name === name);
      return !sameValue(a, b, {
        type: column?.base,
        wasRedefined: column !== undefined && recordedIn < column.changed,
      });
    })
    .map(([name]) => name)
    .sort();
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
 * Which of the two is the later tells which of the two is wrong. A record that is as old as the row was not touched
 * since: its transaction changed the row once more.
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

/**
 * C7, second half: keys whose last record leaves a row, and there is none. A walk over (schema, table, key, id desc),
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
  for (const row of gone) {
    if (row.key === null || row.record === null || moved.has(row.record)) continue;
    if (row.txid !== null && BigInt(row.txid) < unit.madeAt) continue;
    if (mayBeDeletedLawfully(unit.disposals, BigInt(row.txid ?? 0))) continue;
    const id = findingId(unit.table, row.key, row.record);
    if (unit.isAccepting && BigInt(row.txid ?? 0) < unit.acceptedBefore) {
      accepted.push(id);
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
    accepted,
    unbaselined: 0,
    lackingImages: 0,
    compared,
    next: compared < limit || summary?.key == null ? undefined : [summary.key],
  };
}

/** The record of its deletion came after this one, and may have been disposed of; whose it was is not known any more. */
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
  // Most keys have their row, so their records need not be read: the index alone gives the keys.
  return `
with k as materialized (
  select distinct p.key from ${sql.all} p
  where ${ofTable} and p.key is not null ${isLater ? `and p.key > $1::text::${sql.keyType}` : ''} ${since}
  order by p.key limit ${limit}),
gone as materialized (
  select k.key from k
  where not exists (select from ${qualified(unit.relation)} c where ${rowHasKey(unit.format, 'c', 'k.key', unit.columns.key)}))
select true as is_summary, (select k.key::text from k order by k.key desc limit 1) as key, (select count(*)::text from k) as record, null as op, null as txid
union all
select false, gone.key::text, l.id::text, l.op, l.txid from gone
cross join lateral (
  select p.id, p.op, ${sql.txidOf('p', (xmin) => asXid8(xmin, facts.xmax))}::text as txid from ${sql.all} p
  where ${ofTable} and p.key = gone.key and p.op is not null ${since} order by p.ord desc limit 1) l
where l.op <> 'DELETE'`;
};

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
  if (!sql.hasImages) return new Set();
  const oldKey = keyOfImage(unit.format, 'r.old', unit.columns.key, sql.keyType);
  const newKey = keyOfImage(unit.format, 'r.new', unit.columns.key, sql.keyType);
  // Only a move after the last record under the key explains that it is gone: the key may have been used again since.
  const rows = await session.query<{ record: string }>(
    `select distinct p.id::text as record from ${sql.all} r
     join ${sql.all} p on p.id = any($2::text[]::${sql.idType}[]) and p.key = ${oldKey} and r.ord > p.ord
     where ${sql.ofTable('r', unit.recordedAs)} and ${sql.ofTable('p', unit.recordedAs)} and r.op = 'UPDATE'
       and ${oldKey} is distinct from ${newKey} and ${oldKey} = any($1::text[]::${sql.keyType}[])`,
    [gone.map(({ key }) => key), gone.map(({ record }) => record)],
  );
  return new Set(rows.map(({ record }) => record));
}

/** Records before the newest TRUNCATE speak of rows that are gone. As SQL, or undefined when there was none. */
async function lastTruncate(session: Session, sql: RecordsSql, unit: ReplayUnit): Promise<string | undefined> {
  const [row] = await session.query<{ ord: string | null }>(
    `select max(r.ord)::text as ord from ${sql.all} r where ${sql.ofTable('r', unit.recordedAs)} and r.key is null and r.op = 'TRUNCATE'`,
  );
  return row?.ord == null ? undefined : `'${row.ord.replaceAll("'", "''")}'::${sql.ordType}`;
}

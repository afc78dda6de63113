import type { AuditOperation } from '../../../../../pack/audit-trail/model.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import { type KeyFormat, keyOfImage } from '../../../records/keys.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { TableColumns } from '../../tables/columns.js';
import type { ScopedTable } from '../../tables/scope.js';
import type { TableDisposal } from '../disposals.js';
import { differingColumns, type ImageDifference } from '../images.js';
import { isBeforeCollision, isSinceCollision, keyUnder, lastRecord, newestOf } from '../last-record.js';
import { untoldBefore } from '../spelled-values.js';

/** Which of the two, the change or the record before it, has no image to compare. */
const LACKING = (change: string, previous: string) =>
  `case when ${change}.op = 'INSERT' then null when ${change}.old is null then 'own'
        when ${previous}.op <> 'DELETE' and ${previous}.new is null then 'previous' end as lacking`;

/** Candidates per query, with all that differs in them. */
export const PAGE = 5000;

/**
 * Of each new record, the one before it of the same row: the old image of an UPDATE or DELETE must be what the row
 * was left as. Index (schema, table, key, id desc). Only what does not agree comes back.
 */
export const CANDIDATES = (
  sql: RecordsSql,
  facts: Facts,
  window: RecordsWindow,
  tables: readonly ContinuityTable[],
  from: number,
) => {
  const xid8 = (xmin: string) => asXid8(xmin, facts.xmax);
  const differing = differingColumns('q.new', 'n.old');
  const untold = untoldBefore('q.new', 'n.old');
  const differs = sql.hasParts
    ? `(q.new is null or ${differing} is not null or ${untold} is not null)`
    : 'q.new is distinct from n.old';
  const difference = sql.hasImages ? `case when n.op <> 'INSERT' and ${differs} then ${differing} end` : 'null::jsonb';
  const isDifferent = sql.hasImages ? `or ${differs} or n.old is null` : '';
  const { schema, table } = sql.records.columns;
  const ofSame = [
    schema === undefined ? [] : 'and p.sch = n.sch',
    table === undefined ? [] : 'and p.tbl = n.tbl',
  ].flat();
  const previous = [isOfSameRow(sql, facts, tables), ...underEarlierKeys(sql, facts, tables)].map(
    (isUnder) =>
      `select p.id, p.ord, p.op, p.new, ${sql.txidOf('p', xid8)}::text as xid from ${sql.all} p
      where ${isUnder} ${ofSame.join(' ')} and p.ord < n.ord and p.op is not null`,
  );
  // Put in order only when they are found: asked for in order, the planner would walk the whole log for each window.
  return `
with found as materialized (
select n.id::text as id, n.ord::text as ord, n.op, ${sql.tableText('n')} as "table", n.key::text as key, n.xid,
       q.id::text as previous, q.ord::text as previous_ord, q.op as previous_op, q.xid as previous_xid,
       ${LACKING('n', 'q')}, ${difference} as difference, ${sql.hasParts ? untold : 'null::text[]'} as untold,
       ${sql.hasParts ? '(select array_agg(k) from jsonb_object_keys(q.new) k)' : 'null::text[]'} as told
from (select r.*, ${sql.txidOf('r', xid8)}::text as xid from ${sql.live} r
      where ${window.where('r')} and r.op in ('INSERT', 'UPDATE', 'DELETE') and r.key is not null) n
left join lateral (${newestOf(previous)}) q on true
where case when n.op = 'INSERT' then q.id is not null and q.op <> 'DELETE'
      else q.id is null or q.op = 'DELETE' ${isDifferent} end
)
select * from found order by ord, id limit ${PAGE} offset ${from}`;
};

/** Of tables whose key was another one: the record before may be under that. A condition serves for one key of each table. */
function underEarlierKeys(sql: RecordsSql, facts: Facts, tables: readonly ContinuityTable[]): readonly string[] {
  if (!sql.hasImages || sql.hasParts) return [];
  const most = Math.max(0, ...tables.map(({ columns }) => columns.earlierKeys.length));
  return Array.from({ length: most }, (_, place) => {
    const parts = tables.flatMap(({ name, format, columns: { key, earlierKeys } }) => {
      const earlier = earlierKeys[place];
      if (earlier === undefined || format === undefined) return [];
      const value = keyUnder(sql, earlier, format, 'coalesce(n.old, n.new)');
      if (value === undefined) return [];
      // Another row may have had the same earlier key, if that was not unique any more.
      const isUnique =
        !earlier.collides && key.every(({ names = [] }) => earlier.columns.some((own) => names.includes(own.name)));
      const isOf = `${sql.ofTable('n', name)} ${isUnique ? '' : "and n.op <> 'INSERT'"}`;
      return [{ isOf, value, isBefore: isBeforeCollision(sql, facts, earlier) }];
    });
    if (parts.length === 0) return 'false';
    const value = `p.key = case ${parts.map((part) => `when ${part.isOf} then ${part.value}`).join(' ')} end`;
    return [
      value,
      ...parts.flatMap(({ isOf, isBefore }) => (isBefore === 'true' ? [] : [`(not (${isOf}) or ${isBefore})`])),
    ].join(' and ');
  });
}

/** Not a record of a time when the same key meant another row. */
function isOfSameRow(sql: RecordsSql, facts: Facts, tables: readonly ContinuityTable[]): string {
  const conditions = tables.flatMap(({ name, columns: { earlierKeys } }) => {
    const newest = earlierKeys.find(({ collides }) => collides);
    if (newest === undefined) return [];
    const isOld = `${sql.ofTable('n', name)} and n.xid::bigint > ${newest.until}`;
    return [`(not (${isOld}) or ${isSinceCollision(sql, facts, earlierKeys)})`];
  });
  return ['p.key = n.key', ...conditions].join(' and ');
}

export const FIRST_SNAPSHOT = (sql: RecordsSql, table: ScopedTable['name']) => `
select min(r.ord)::text as ord from ${sql.all} r where ${sql.ofTable('r', table)} and r.op = 'SNAPSHOT'`;

export const TRUNCATES = (sql: RecordsSql, table: ScopedTable['name']) => `
select r.ord::text as ord from ${sql.all} r where ${sql.ofTable('r', table)} and r.key is null and r.op = 'TRUNCATE'`;

/**
 * An update may give a row another key; the record stands under the new one. Its history is under the old: for such
 * records, what came before them there.
 */
export const UNDER_OLD_KEY = (sql: RecordsSql, facts: Facts, { name, columns, format = 'object' }: ContinuityTable) => {
  const xid8 = (xmin: string) => asXid8(xmin, facts.xmax);
  const oldKey = keyOfImage(format, 'r.old', columns.key, sql.keyType);
  const newKey = keyOfImage(format, 'r.new', columns.key, sql.keyType);
  const previous = lastRecord(
    sql,
    facts,
    { columns, format },
    {
      image: 'm.old',
      columns: `p.id, p.ord, p.op, p.new, ${sql.txidOf('p', xid8)}::text as xid`,
      where: `and ${sql.ofTable('p', name)} and p.ord < m.ord`,
    },
  );
  return `
select m.id::text as id, q.id::text as previous, q.ord::text as previous_ord, q.op as previous_op, q.xid as previous_xid,
       ${LACKING('m', 'q')},
       case when q.new is distinct from m.old then ${differingColumns('q.new', 'm.old')} end as difference
from (select r.id, r.ord, r.op, r.old from ${sql.live} r
      where ${sql.ofTable('r', name)} and r.op = 'UPDATE' and r.id = any($1::text[]::${sql.idType}[])
        and r.old is not null and r.new is not null and ${oldKey} is distinct from ${newKey}) m
left join lateral (${previous}) q on true`;
};

/** Rows that left a key in this way. No index serves; asked only about keys whose history seems broken. */
export const MOVED_AWAY = (sql: RecordsSql, { name, columns, format = 'object' }: ContinuityTable) => {
  const oldKey = keyOfImage(format, 'r.old', columns.key, sql.keyType);
  const newKey = keyOfImage(format, 'r.new', columns.key, sql.keyType);
  return `
select ${oldKey}::text as key, r.ord::text as ord from ${sql.all} r
where ${sql.ofTable('r', name)} and r.op = 'UPDATE' and ${oldKey} is distinct from ${newKey} and ${oldKey} = any($1::text[]::${sql.keyType}[])`;
};

export interface ContinuityTable {
  readonly table: ScopedTable;
  /** As the records name it: the table, or one of its leaves. */
  readonly name: ScopedTable['name'];
  readonly columns: TableColumns;
  readonly format: KeyFormat | undefined;
  /** Records from before this transaction are of another table that had its name; 0 unless that was seen to happen. */
  readonly madeAt: bigint;
  /** Every row has a record from when it was first seen, so a history without a beginning is a fault. */
  readonly hasBaseline: boolean;
  readonly disposals: readonly TableDisposal[];
  /** Faults older than this transaction were accepted by a declared baseline. */
  readonly acceptedBefore: bigint;
  /** By column: transactions that changed its definition before the last one did, as far as that explained anything. */
  readonly redefined: Readonly<Record<string, readonly string[]>>;
  /** Records were rewritten in this epoch: a break may then be theirs. */
  readonly recordsRewritten: boolean;
}

export interface Candidate extends Record<string, unknown> {
  id: string;
  ord: string;
  op: AuditOperation;
  table: string;
  key: string;
  xid: string | null;
  previous: string | null;
  previous_ord: string | null;
  previous_op: string | null;
  previous_xid: string | null;
  lacking: 'own' | 'previous' | null;
  difference: ImageDifference | null;
  /** Only where images are added up: what the change says of columns that no record before it told, and those that some did. */
  untold: readonly string[] | null;
  told: readonly string[] | null;
}

import type { AuditRecords, ColumnRef } from '../../../pack/audit-trail/model.js';
import { kopCall } from '../../runtime/call.js';
import { parseQualified, textOf } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';

const RELATION = `
select c.oid::text as oid, c.relkind, c.relpersistence,
       has_table_privilege(c.oid, 'select') as readable,
       (select array_agg(l.relid::oid::text order by l.relid) from pg_partition_tree(c.oid) l where l.isleaf) as leaves
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')`;

/** Subscriptions of this database that write into the audit table. */
const SUBSCRIBED = `
select distinct s.subname::text as name from pg_subscription s join pg_subscription_rel r on r.srsubid = s.oid
where s.subdbid = (select oid from pg_database where datname = current_database()) and r.srrelid = any($1::oid[]) order by 1`;

/** Tables whose recording triggers also see what a subscription applies. */
const APPLIED_TO = `
select distinct t.tgrelid::regclass::text as name from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
where t.tgenabled in ('A', 'R') and n.nspname || '.' || p.proname = any($1) order by 1`;

const COLUMNS = `
select a.attname as name, format_type(a.atttypid, null) as type, has_column_privilege(a.attrelid, a.attnum, 'select') as readable
from pg_attribute a where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped`;

/** A unique index on the id alone makes duplicates impossible; any index that begins with it makes them cheap to find. */
const ID_INDEXES = `
select coalesce(bool_or(i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null), false) as is_unique,
       coalesce(bool_or(i.indisvalid and i.indpred is null), false) as indexed
from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
where i.indrelid = $1::oid and a.attname = $2`;

const SEQUENCE = `
select s.oid::text as oid, q.seqcache::int as cache, q.seqstart::text as start,
       has_sequence_privilege(s.oid, 'select') or has_sequence_privilege(s.oid, 'usage') as readable, s.oid::regclass::text as name
from pg_class s join pg_sequence q on q.seqrelid = s.oid
where s.oid = (
  select d.refobjid from pg_attrdef v join pg_attribute a on a.attrelid = v.adrelid and a.attnum = v.adnum
  join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = v.oid and d.refclassid = 'pg_class'::regclass
  join pg_class r on r.oid = d.refobjid and r.relkind = 'S'
  where v.adrelid = $1::oid and a.attname = $2
  union all
  select d.objid from pg_depend d join pg_class r on r.oid = d.objid and r.relkind = 'S'
  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = $1::oid
    and d.deptype = 'i' and a.attname = $2
  limit 1)`;

const PARTIAL_IMAGES = `
select from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type t on t.oid = p.proargtypes[0]
where n.nspname = $1 and p.proname = 'whole_row' and p.pronargs = 1 and t.typrelid = $2::oid`;

export interface RecordsSequence {
  readonly oid: string;
  readonly name: string;
  /** Above 1, ids are not in the order of writing, not even within one row's history. */
  readonly cache: number;
  readonly start: bigint;
  readonly readable: boolean;
}

/** The audit table of the configuration, as the catalogue describes it. */
export interface RecordsShape {
  readonly oid: string;
  readonly unlogged: boolean;
  /** The table itself, or its leaf partitions. */
  readonly leaves: readonly string[];
  readonly archiveOid: string | undefined;
  readonly archiveLeaves: readonly string[];
  readonly types: ReadonlyMap<string, string>;
  /** Columns that the archive does not have; they read as null there. */
  readonly archiveLacks: ReadonlySet<string>;
  readonly sequence: RecordsSequence | undefined;
  readonly idIsUnique: boolean;
  readonly idIsIndexed: boolean;
  /** Records of updates may hold no more than the columns that changed. */
  readonly hasPartialImages: boolean;
}

/** The audit table is not what was described; each text says how to fix it. */
export interface Unreadable {
  readonly unreadable: readonly string[];
  /** A subscription writes the records of another server into it. */
  readonly isForeign?: true;
}

interface RelationRow {
  oid: string;
  relkind: string;
  relpersistence: string;
  readable: boolean;
  leaves: string[] | null;
}

export async function readShape(
  session: Session,
  records: AuditRecords,
  role: string,
): Promise<RecordsShape | Unreadable> {
  const live = await readTable(session, records.table, records, role);
  if ('unreadable' in live) return live;
  const foreign = await foreignWriter(session, records, [live.row.oid, ...leavesOf(live.row)]);
  if (foreign !== undefined) return foreign;
  const archive =
    records.archive === undefined ? undefined : await readTable(session, records.archive, records, role, true);
  if (archive !== undefined && 'unreadable' in archive) return archive;
  const id = records.columns.id.column;
  const [indexes] = await session.query<{ is_unique: boolean; indexed: boolean }>(ID_INDEXES, [live.row.oid, id]);
  const [sequence] = await session.query<{
    oid: string;
    cache: number;
    start: string;
    readable: boolean;
    name: string;
  }>(SEQUENCE, [live.row.oid, id]);
  const partial =
    records.preset === 'kop'
      ? await session.query(PARTIAL_IMAGES, [parseQualified(records.table).schema, live.row.oid])
      : [];
  const isPartitioned = live.row.relkind === 'p';
  return {
    oid: live.row.oid,
    unlogged: live.row.relpersistence === 'u',
    leaves: leavesOf(live.row),
    archiveOid: archive?.row.oid,
    archiveLeaves: archive === undefined ? [] : leavesOf(archive.row),
    types: live.types,
    archiveLacks: new Set(
      archive === undefined ? [] : [...live.types.keys()].filter((name) => !archive.types.has(name)),
    ),
    sequence: sequence === undefined ? undefined : { ...sequence, start: BigInt(sequence.start) },
    idIsUnique: indexes?.is_unique === true && !isPartitioned,
    idIsIndexed: indexes?.indexed === true,
    hasPartialImages: partial.length > 0,
  };
}

/**
 * What a subscription brings are the records of another server, beside which our own are none or the same once more.
 *
 * @param relations oids of the audit table and its partitions.
 */
export async function foreignWriter(
  session: Session,
  { table, triggerFunctions }: AuditRecords,
  relations: readonly string[],
): Promise<Unreadable | undefined> {
  const names = (await session.query<{ name: string }>(SUBSCRIBED, [relations])).map(({ name }) => name);
  // Asked at each poll, so nearly always it ends here.
  if (names.length === 0) return undefined;
  const functions = triggerFunctions.map((name) => textOf(parseQualified(name.replace(/\(.*\)$/, ''))));
  const tables = (await session.query<{ name: string }>(APPLIED_TO, [functions])).map(({ name }) => name);
  const twice =
    tables.length === 0
      ? ''
      : `, and triggers on ${tables.length} tables fire ALWAYS, so that changes are recorded twice: ALTER TABLE ${tables[0]} ENABLE TRIGGER …, and so on`;
  const reason = `this database subscribes to ${names.join(', ')}, which writes the records of another server into ${table}${twice}; observe that server until the subscription is dropped`;
  return { unreadable: [reason], isForeign: true };
}

const notTables: Readonly<Record<string, string>> = { v: 'view', m: 'materialized view', f: 'foreign table' };

/** Tables that keep versions of rows look like records, and are none. */
function historyOf(types: ReadonlyMap<string, string>): string | undefined {
  const instead = `have changes recorded beside it, by ${kopCall()} audit install or another trigger`;
  if (types.get('sys_period') === 'tstzrange')
    return `is a history table (sys_period): it holds versions of rows, and no records that say what was done and by whom; compare its periods in comparisons:, and ${instead}`;
  if (types.has('audit_id') && types.has('event_key'))
    return `is a log of pgMemento, whose records are spread over three tables, so that no one table says which row was changed when; ${instead}`;
  return undefined;
}

function leavesOf(row: RelationRow): readonly string[] {
  return row.relkind === 'p' ? (row.leaves ?? []) : [row.oid];
}

async function readTable(
  session: Session,
  table: string,
  records: AuditRecords,
  role: string,
  isArchive = false,
): Promise<{ row: RelationRow; types: Map<string, string> } | Unreadable> {
  const name = parseQualified(table);
  const [row] = await session.query<RelationRow>(RELATION, [name.schema, name.name]);
  if (row === undefined)
    return {
      unreadable: [
        `${textOf(name)} does not exist, or the schema is hidden from ${role}: GRANT USAGE ON SCHEMA ${name.schema} TO ${role}`,
      ],
    };
  const kind = notTables[row.relkind];
  // Of an archive nothing is asked but what it holds.
  if (kind !== undefined && !isArchive)
    return {
      unreadable: [
        `${textOf(name)} is a ${kind}, of which nobody can tell when a record was written or changed: name the table itself under records.table`,
      ],
    };
  const columns = await session.query<{ name: string; type: string; readable: boolean }>(COLUMNS, [row.oid]);
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const history = historyOf(types);
  if (history !== undefined) return { unreadable: [`${textOf(name)} ${history}`] };
  const wanted = usedColumns(records);
  const unreadable: string[] = [];
  const missing = wanted.filter((column) => !types.has(column));
  if (missing.length > 0 && !isArchive) unreadable.push(`${textOf(name)} has no column ${missing.join(', ')}`);
  const readable = new Map(columns.map((column) => [column.name, column.readable]));
  if (!row.readable && wanted.some((column) => readable.get(column) === false)) {
    unreadable.push(`the audit records cannot be read: GRANT SELECT ON ${textOf(name)} TO ${role}`);
  }
  return unreadable.length > 0 ? { unreadable } : { row, types };
}

export function usedColumns(records: AuditRecords): string[] {
  const { fixedTable: _, ...refs } = records.columns;
  return [
    ...new Set(
      Object.values(refs)
        .filter((ref): ref is ColumnRef => ref !== undefined)
        .map((ref) => ref.column),
    ),
  ];
}

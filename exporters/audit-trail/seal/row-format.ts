import { z } from 'zod';
import type { AuditRecords, ColumnRef } from '../../../pack/audit-trail/model.js';
import { ident, literal, tableSql } from '../../runtime/postgres/quote.js';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import type { SealSession } from './session.js';
import type { Bound, IdRange, Position, RowFormat } from './statement.js';

/** Precedes each row's text, so that no other rendering can be mistaken for this one. */
export const LEAF_PREFIX = 'kop1';

const relation = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() })),
  indexed: z.array(z.string()),
});

export interface TableShape {
  readonly format: RowFormat;
  /** Limitations that make sealing less certain or slower, with how to fix them. */
  readonly weaknesses: readonly string[];
}

/** Reads the catalogue: which columns there are now and how rows can be put in order. */
export async function readSealedShape(
  session: SealSession,
  records: AuditRecords,
  known: RowFormat | undefined,
): Promise<TableShape> {
  const live = await readRelation(session, records.table);
  const archive = records.archive === undefined ? undefined : await readRelation(session, records.archive);
  const idName = plainColumn(records.columns.id, 'id');
  const certainty = records.columns.transaction === undefined ? 'overlap' : 'exact';
  const orderName = plainColumn(
    records.columns.transaction ?? records.columns.at,
    certainty === 'exact' ? 'transaction' : 'at',
  );
  const order = find(live, orderName, records.table);
  const id = find(live, idName, records.table);
  if (certainty === 'exact' && order.type !== 'xid8') {
    throw new SealUnavailable(
      `column ${orderName} of ${records.table} is ${order.type}; only an xid8 column orders records by transaction`,
    );
  }
  // Names first that are counted by, so that they are the beginning of each line.
  const counted = countColumns(records).filter((name) => live.columns.some((column) => column.name === name));
  const first = [...new Set([orderName, idName, ...counted])];
  const inBoth = live.columns.filter(
    ({ name }) => archive === undefined || archive.columns.some((other) => other.name === name),
  );
  const present = inBoth.map(({ name }) => name);
  // A new column is sealed from the next chunk on; until one is gone or new, the order of columns stays as it was.
  const rest = present.filter((name) => !first.includes(name));
  const columns =
    known !== undefined &&
    sameSet(known.columns, [...first, ...rest]) &&
    first.every((name, at) => known.columns[at] === name)
      ? known.columns
      : [...first, ...rest];
  const weaknesses: string[] = [];
  if (order.nullable) {
    weaknesses.push(
      `${records.table}.${orderName} allows NULL, and such records are not sealed; ALTER TABLE ${records.table} ALTER ${orderName} SET NOT NULL`,
    );
  }
  if (!live.indexed.includes(orderName)) {
    weaknesses.push(
      `${records.table} has no index that begins with ${orderName}; CREATE INDEX ON ${records.table} (${orderName}, ${idName})`,
    );
  }
  if (archive !== undefined) {
    const lost = live.columns.filter(({ name }) => !present.includes(name)).map(({ name }) => name);
    if (lost.length > 0) weaknesses.push(`${records.archive} lacks columns ${lost.join(', ')}, so they are not sealed`);
  }
  return {
    format: {
      prefix: LEAF_PREFIX,
      table: records.table,
      ...(records.archive === undefined ? {} : { archive: records.archive }),
      columns: [...columns],
      order: { column: orderName, type: order.type },
      id: { column: idName, type: id.type },
      certainty,
    },
    weaknesses,
  };
}

/** Columns whose values chunks are counted by, when they are plain columns. */
export function countColumns(records: AuditRecords): readonly string[] {
  const refs = [records.columns.schema, records.columns.table, records.columns.operation];
  return refs.flatMap((ref) => (ref === undefined || ref.path !== undefined ? [] : [ref.column]));
}

export interface RowRange {
  /** Absent: from the first row. */
  readonly from?: Bound | undefined;
  readonly to: Bound;
  readonly ids?: IdRange | undefined;
  readonly limit?: number;
}

/** Rows of the range, in order, as the columns of the format. */
export function selectRows(format: RowFormat, { from, to, ids, limit }: RowRange): string {
  const columns = format.columns.map(ident).join(', ');
  const bounds = [...(from === undefined ? [] : [isBeyond(format, from)]), isUnder(format, to)];
  const range = [...bounds, ...hasIdIn(format, ids)].join(' AND ');
  return `${united(format, columns, range)} ${orderBy(format)}${limit === undefined ? '' : ` LIMIT ${limit}`}`;
}

/** Single rows by their places, in order. */
export function selectAt(format: RowFormat, positions: readonly Position[]): string {
  const columns = format.columns.map(ident).join(', ');
  const places = positions.map((position) => tuple(format, position)).join(', ');
  const here = `(${ident(format.order.column)}, ${ident(format.id.column)}) IN (${places})`;
  return `${united(format, columns, here)} ${orderBy(format)}`;
}

/** Where the row with this id is; more than one row when the id is not unique. */
export function selectPosition(format: RowFormat, id: string): string {
  const names = `${ident(format.order.column)}::text AS "order", ${ident(format.id.column)}::text AS id`;
  return united(format, names, `${ident(format.id.column)} = ${value(id, format.id.type)}`);
}

export function selectIsUnder(format: RowFormat, position: Position, bound: Bound): string {
  const names = `${ident(format.order.column)}, ${ident(format.id.column)}`;
  const row = `(SELECT ${value(position.order, format.order.type)}, ${value(position.id, format.id.type)})`;
  return `SELECT ${isUnder(format, bound)} AS under FROM ${row} AS place (${names})`;
}

/** When the first record beyond the bound was written, if there is one. */
export function selectOldestBeyond(format: RowFormat, at: string, from: Bound, ids?: IdRange): string {
  const columns = [...new Set([format.order.column, format.id.column, at])].map(ident).join(', ');
  return `SELECT extract(epoch FROM ${ident(at)})::float8 * 1000 AS at FROM (${united(format, columns, [isBeyond(format, from), ...hasIdIn(format, ids)].join(' AND '))}) rest ${orderBy(format)} LIMIT 1`;
}

/** Whether the first value comes before the second, by the rules of their type. */
export function selectIsBefore(format: RowFormat, first: string, second: string): string {
  return `SELECT ${value(first, format.order.type)} < ${value(second, format.order.type)} AS before`;
}

/** The greatest id among the rows from this order value on, as `id`. */
export function selectLastIdFrom(format: RowFormat, order: string): string {
  const id = ident(format.id.column);
  return `SELECT max(${id})::text AS id FROM (${united(format, id, isBeyond(format, { order }))}) beyond`;
}

/** Whether ids of this type grow, so that they tell what was written before from what came after. */
export function hasNumericId({ id }: RowFormat): boolean {
  return ['smallint', 'integer', 'bigint'].includes(id.type);
}

function hasIdIn(format: RowFormat, { after, upTo }: IdRange = {}): readonly string[] {
  const id = ident(format.id.column);
  return [
    ...(after === undefined ? [] : [`${id} > ${value(after, format.id.type)}`]),
    ...(upTo === undefined ? [] : [`${id} <= ${value(upTo, format.id.type)}`]),
  ];
}

function united(format: RowFormat, columns: string, condition: string): string {
  const tables = [format.table, ...(format.archive === undefined ? [] : [format.archive])];
  const parts = tables.map((table) => `SELECT ${columns} FROM ${tableSql(table)} WHERE ${condition}`);
  return parts.length === 1 ? parts.join() : `SELECT * FROM (${parts.join(' UNION ALL ')}) united`;
}

function orderBy(format: RowFormat): string {
  return `ORDER BY ${ident(format.order.column)}, ${ident(format.id.column)}`;
}

/** Sealed by whatever ends at this bound. */
function isUnder(format: RowFormat, { order, id }: Bound): string {
  const column = ident(format.order.column);
  if (id === undefined) return `${column} < ${value(order, format.order.type)}`;
  return `(${column}, ${ident(format.id.column)}) <= ${tuple(format, { order, id })}`;
}

/** The contrary, spelled so that an index serves it. */
function isBeyond(format: RowFormat, { order, id }: Bound): string {
  const column = ident(format.order.column);
  if (id === undefined) return `${column} >= ${value(order, format.order.type)}`;
  return `(${column}, ${ident(format.id.column)}) > ${tuple(format, { order, id })}`;
}

function tuple(format: RowFormat, { order, id }: Position): string {
  return `(${value(order, format.order.type)}, ${value(id, format.id.type)})`;
}

function value(text: string, type: string): string {
  return `${literal(text)}::${type}`;
}

function plainColumn(ref: ColumnRef, meaning: string): string {
  if (ref.path !== undefined && ref.path.length > 0) {
    throw new SealUnavailable(
      `records cannot be put in order by ${meaning}, which is inside column ${ref.column}; name a column of its own`,
    );
  }
  return ref.column;
}

type Relation = z.infer<typeof relation>;

function find(live: Relation, name: string, table: string): Relation['columns'][number] {
  const column = live.columns.find((candidate) => candidate.name === name);
  if (column === undefined)
    throw new SealUnavailable(`${table} has no column ${name}; correct the mapping in the pack`);
  return column;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}

async function readRelation(session: SealSession, table: string): Promise<Relation> {
  const [found] = await session.rows(
    `SELECT coalesce((SELECT jsonb_agg(jsonb_build_object('name', attname, 'type', pg_catalog.format_type(atttypid, NULL), 'nullable', NOT attnotnull)
               ORDER BY attnum) FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), '[]') AS columns,
            coalesce((SELECT jsonb_agg(a.attname) FROM pg_catalog.pg_index i
               JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
               WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL), '[]') AS indexed
     FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)`,
    relation,
    [tableSql(table)],
  );
  if (found === undefined) {
    throw new SealUnavailable(
      `there is no table ${table}, or the role may not see it; GRANT USAGE on its schema and SELECT on it`,
    );
  }
  return found;
}

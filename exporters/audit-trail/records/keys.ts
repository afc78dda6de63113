import type { QualifiedName } from '../../runtime/postgres/quote.js';
import { ident, literal } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { isTextType, type RecordsSql } from './sql.js';

export interface KeyColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * How a trail writes a row's key. `image` below is a jsonb expression of a whole row.
 *
 * | format | a row of (id 5) | of (a 5, b x) |
 * |---|---|---|
 * | object | {"id": 5} | {"a": 5, "b": "x"} |
 * | bounded | the same, and where that is large `{"kop:sha256": "…"}` | |
 * | objectText | {"id": "5"} | {"a": "5", "b": "x"} |
 * | scalar, scalarText | 5, "5" | - |
 * | array | [5] | [5, "x"] |
 * | plain (the column is no jsonb) | 5 | - |
 */
export const keyFormats = ['object', 'bounded', 'objectText', 'scalar', 'scalarText', 'array', 'plain'] as const;
export type KeyFormat = (typeof keyFormats)[number];

/** In bytes as PostgreSQL keeps it. With the names of schema and table it fits into an entry of a btree index. */
export const largestKey = 2500;
const DIGEST = 'kop:sha256';

/** What the writer stands in for a key that no index could hold. */
export function boundedKey(key: string): string {
  const digest = `encode(sha256(convert_to((${key})::text, getdatabaseencoding())), 'hex')`;
  return `case when pg_column_size(${key}) > ${largestKey} then jsonb_build_object('${DIGEST}', ${digest}) else ${key} end`;
}

/** Values of these are small, so that no key of them is large. */
const smallTypes = /^(smallint|integer|bigint|uuid|date|boolean|real|double|time|interval|oid|inet|cidr|macaddr)/;

const SAMPLE = 20;
/** So many of the newest records of all tables include the newest of a busy table. */
const NEWEST = 500;

/** The key of a row image, in the type of the trail's key column. */
export function keyOfImage(format: KeyFormat, image: string, columns: readonly KeyColumn[], keyType: string): string {
  const [first] = columns;
  if (first === undefined) throw new TypeError('a key needs a column');
  const value = (column: KeyColumn) => `(${image} -> ${literal(column.name)})`;
  const text = (column: KeyColumn) => `(${image} ->> ${literal(column.name)})`;
  switch (format) {
    case 'object':
      return `jsonb_build_object(${columns.map((column) => `${literal(column.name)}, ${value(column)}`).join(', ')})`;
    case 'bounded':
      return `(${boundedKey(keyOfImage('object', image, columns, keyType))})`;
    case 'objectText':
      return `jsonb_build_object(${columns.map((column) => `${literal(column.name)}, ${text(column)}`).join(', ')})`;
    case 'scalar':
      return value(first);
    case 'scalarText':
      return `to_jsonb(${text(first)})`;
    case 'array':
      return `jsonb_build_array(${columns.map(value).join(', ')})`;
    case 'plain':
      return isTextType(keyType) ? text(first) : `${text(first)}::${keyType}`;
  }
}

/** True where a live row `alias` has the key `key`, which is no hash; in a form for which the primary key's index serves. */
export function rowHasKey(format: KeyFormat, alias: string, key: string, columns: readonly KeyColumn[]): string {
  const part = (column: KeyColumn, index: number) => {
    switch (format) {
      case 'object':
      case 'bounded':
      case 'objectText':
        return `(${key} ->> ${literal(column.name)})`;
      case 'array':
        return `(${key} ->> ${index})`;
      case 'scalar':
      case 'scalarText':
        return `(${key} #>> '{}')`;
      case 'plain':
        return `(${key})::text`;
    }
  };
  return columns
    .map((column, index) => `${alias}.${ident(column.name)} = ${part(column, index)}::${column.type}`)
    .join(' and ');
}

/** True where the key `key` is a hash, for which only the rows themselves can be asked, one by one. */
export function isDigest(key: string): string {
  return `${key} ? '${DIGEST}'`;
}

function candidates(columns: readonly KeyColumn[], keyType: string, preset: string): readonly KeyFormat[] {
  if (preset === 'kop' && keyType === 'jsonb')
    return columns.every(({ type }) => smallTypes.test(type)) ? ['object'] : ['bounded'];
  if (keyType !== 'jsonb') return columns.length === 1 ? ['plain'] : [];
  return columns.length === 1
    ? ['object', 'scalar', 'scalarText', 'objectText', 'array']
    : ['object', 'objectText', 'array'];
}

/** Compared as text where the column is no jsonb: a key that is no number, or a hash, must not abort the query. */
function isKeyOf(format: KeyFormat, columns: readonly KeyColumn[], keyType: string): string {
  const [key, type] = format === 'plain' ? ['s.key::text', 'text'] : ['s.key', keyType];
  return `${key} is not distinct from ${keyOfImage(format, 's.image', columns, type)}`;
}

/**
 * Finds the format by trying each on some records that hold an image: the newest of all where there are any of this table,
 * else those that stand first in the index over (schema, table, key). Looking for the newest of a table that is seldom
 * changed would read all that was written since.
 *
 * @returns undefined when none fits all of them; then nothing can be said about rows by key.
 */
export async function detectKeyFormat(
  session: Session,
  sql: RecordsSql,
  table: QualifiedName,
  columns: readonly KeyColumn[],
): Promise<KeyFormat | undefined> {
  const formats =
    columns.length === 0 || sql.records.columns.rowKey === undefined
      ? []
      : candidates(columns, sql.keyType, sql.records.preset);
  const [only] = formats;
  // What changed does not hold the key.
  if (!sql.hasImages || sql.hasParts || only === undefined) return only;
  const fits = formats.map((format) => `bool_and(${isKeyOf(format, columns, sql.keyType)}) as ${ident(format)}`);
  const newest = [`(select * from ${sql.live} n order by n.ord desc limit ${NEWEST})`, 'r.ord desc'];
  const first = [sql.live, 'r.key, r.ord desc'];
  // Images that have to be parsed would be those of other tables too, and one that is no JSON would end it.
  for (const [from, order] of sql.parsesImages ? [first] : [newest, first]) {
    const [row] = await session.query<Record<string, boolean | null>>(
      `select count(*) > 0 as has_any, ${fits.join(', ')} from (
         select r.key, coalesce(r.new, r.old) as image from ${from} r
         where ${sql.ofTable('r', table)} and r.key is not null and coalesce(r.new, r.old) is not null
         order by ${order} limit ${SAMPLE}) s`,
    );
    if (row?.has_any === true) return formats.find((format) => row[format] === true);
  }
  // No record yet: the first is as good as any.
  return only;
}

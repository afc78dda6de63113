import type { QualifiedName } from '../../runtime/postgres/quote.js';
import { ident, literal } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { isTextType, type RecordsSql } from './sql.js';

export interface KeyColumn {
  /** As records name it. */
  readonly name: string;
  readonly type: string;
  /** In images, newest first, where it has had others than that. */
  readonly names?: readonly string[];
  /** What the column of an earlier key is called now, and what it holds. */
  readonly today?: { readonly name: string; readonly type: string };
  /** Keys under this name may hold a value of another type. */
  readonly mayHoldOther?: boolean;
}

/** A primary key that a table had before; its records are paired with rows and images of today. */
export interface EarlierKey {
  /** Empty while there was none, or where nobody knows which columns they were. */
  readonly columns: readonly KeyColumn[];
  readonly from: bigint;
  readonly until: bigint;
  /** Its records cannot be paired with rows: a column is gone, or its values were converted to others. */
  readonly isLost: boolean;
  /** Not known yet, so it is lost. */
  readonly isUndecided: boolean;
  /** A record of it would be taken for one of another row under the key of today. */
  readonly collides: boolean;
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
  const value = (column: KeyColumn) => valueIn(image, column);
  const text = (column: KeyColumn) =>
    column.names === undefined ? `(${image} ->> ${literal(column.name)})` : `(${value(column)} #>> '{}')`;
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

function valueIn(image: string, { name, names, type, today }: KeyColumn): string {
  if (names === undefined) return `(${image} -> ${literal(name)})`;
  const value = `coalesce(${names.map((each) => `${image} -> ${literal(each)}`).join(', ')})`;
  if (today === undefined || kindOf(type) === kindOf(today.type)) return value;
  // As records of that time hold it: "1" was 1, and the other way round.
  const text = `${value} #>> '{}'`;
  if (kindOf(type) === 'text') return `to_jsonb(${text})`;
  return isNumber(type) ? `(case when ${text} ~ '${NUMBER}' then to_jsonb((${text})::numeric) end)` : value;
}

const INTEGER = '^-?\\d{1,18}$';
const NUMBER = '^-?\\d{1,100}(\\.\\d{1,100})?$';
const UUID = '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$';

function kindOf(type: string): string {
  if (/^(smallint|integer|bigint)$/.test(type)) return 'integer';
  if (/^(numeric|real|double precision)\b/.test(type)) return 'number';
  return /^(text|character|name)\b/.test(type) ? 'text' : type;
}

function isNumber(type: string): boolean {
  return kindOf(type) === 'integer' || kindOf(type) === 'number';
}

/** Whether any text can be read as a value of this type, or seen to be none, without an error. */
export function isReadable(type: string): boolean {
  return isNumber(type) || ['text', 'uuid'].includes(kindOf(type));
}

/** Whether a key keeps its value while its column's type changes. */
export function pairingOf(before: string, today: string): 'always' | 'perhaps' | 'none' {
  if (before === today) return 'always';
  const kinds = [kindOf(before), kindOf(today)];
  if (kinds[0] === kinds[1] && (kinds[0] === 'integer' || kinds[0] === 'text')) return 'always';
  return isReadable(today) ? 'perhaps' : 'none';
}

/** A text from a key as a value of this type; null where it is none. */
function readAs(text: string, type: string): string {
  switch (kindOf(type)) {
    case 'integer':
      return `(case when ${text} ~ '${INTEGER}' then (${text})::bigint end)`;
    case 'number':
      return `(case when ${text} ~ '${NUMBER}' then (${text})::numeric end)`;
    case 'uuid':
      return `(case when ${text} ~ '${UUID}' then (${text})::uuid end)`;
    default:
      return `(${text})::${type}`;
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
    .map((column, index) => {
      const { name, type } = column.today ?? column;
      const isSame = column.mayHoldOther !== true && type === column.type;
      const value = isSame ? `${part(column, index)}::${type}` : readAs(part(column, index), type);
      return `${alias}.${ident(name)} = ${value}`;
    })
    .join(' and ');
}

/** True where the key `key` is a hash, for which only the rows themselves can be asked, one by one. */
export function isDigest(key: string): string {
  return `${key} ? '${DIGEST}'`;
}

/** How the records of an earlier key wrote it, when those of today write theirs in this format. */
export function formatOfEarlier(
  format: KeyFormat,
  columns: readonly KeyColumn[],
  { records: { preset }, keyType }: RecordsSql,
): KeyFormat | undefined {
  const possible = candidates(columns, keyType, preset);
  return preset === 'kop' ? possible[0] : possible.find((each) => each === format);
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
  earlier: readonly (readonly KeyColumn[])[] = [],
): Promise<KeyFormat | undefined> {
  const formats =
    columns.length === 0 || sql.records.columns.rowKey === undefined
      ? []
      : candidates(columns, sql.keyType, sql.records.preset);
  const [only] = formats;
  const path = sql.keyInImages?.join('.');
  if (path !== undefined && path !== columns[0]?.name) return undefined;
  // What changed does not hold the key.
  if (!sql.hasImages || sql.hasParts || only === undefined) return only;
  const fitsAny = (format: KeyFormat) =>
    [columns, ...earlier.filter((own) => own.length > 0)]
      .map((own) => isKeyOf(own === columns ? format : (formatOfEarlier(format, own, sql) ?? format), own, sql.keyType))
      .join(' or ');
  const fits = formats.map((format) => `bool_and(${fitsAny(format)}) as ${ident(format)}`);
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

/** More are not looked for. */
const MOST_KEYS = 50;

/**
 * Under which names the records of a table hold its key, each set of names once; an empty one for records without a key. Only of
 * keys that are objects. In the order of jsonb, an object as a value stands behind all texts and numbers, so that the index leads
 * from one set of names to the next.
 */
export async function recordedKeys(
  session: Session,
  sql: RecordsSql,
  table: QualifiedName,
): Promise<readonly (readonly string[])[]> {
  if (sql.keyType !== 'jsonb' || sql.records.columns.rowKey === undefined) return [];
  const next = (where: string) =>
    `select p.key from ${sql.all} p where ${sql.ofTable('p', table)} and p.key is not null ${where} order by p.key limit 1`;
  const behind = `(select jsonb_object_agg(o.name, '{}'::jsonb) from jsonb_object_keys(case when jsonb_typeof(k.key) = 'object' then k.key end) o(name))`;
  const rows = await session.query<{ names: string[] }>(
    `with recursive k (key) as (
       (${next('')})
       union all
       select n.key from k cross join lateral (${next(`and p.key > ${behind}`)}) n)
     select array(select jsonb_object_keys(f.key)) as names
     from (select k.key from k where jsonb_typeof(k.key) = 'object' limit ${MOST_KEYS}) f
     union all
     select '{}' where exists (select from ${sql.all} p where ${sql.ofTable('p', table)} and p.key is null and p.op <> 'TRUNCATE')`,
  );
  const found = rows.map(({ names }) => names).filter(([name]) => name !== DIGEST);
  return [...new Map(found.map((names) => [JSON.stringify(names), names])).values()];
}

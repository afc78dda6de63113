import { type QualifiedName, qualified } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../database/facts.js';
import { type EarlierKey, formatOfEarlier, type KeyFormat, keyOfImage } from '../../records/keys.js';
import type { RecordsSql } from '../../records/sql.js';
import { imageOf, type TableColumns } from '../tables/columns.js';

/** So many rows say whether a key kept its values. */
const SAMPLE = 1000;

export interface Keyed {
  readonly columns: TableColumns;
  readonly format: KeyFormat;
}

/**
 * SQL: the newest of the records `p` of one row, whose keys changed with the definition of its table's key.
 *
 * @param image a row, live or recorded
 * @param columns to select; `p.ord` is one of them
 */
export function lastRecord(
  sql: RecordsSql,
  facts: Facts,
  { columns: { key, earlierKeys }, format }: Keyed,
  { image, columns, where }: { readonly image: string; readonly columns: string; readonly where: string },
): string {
  const now = `p.key = ${keyOfImage(format, image, key, sql.keyType)} and ${isSinceCollision(sql, facts, earlierKeys)}`;
  const before = earlierKeys.flatMap((earlier) => {
    const value = keyUnder(sql, earlier, format, image);
    return value === undefined ? [] : [`p.key = ${value} and ${isBeforeCollision(sql, facts, earlier)}`];
  });
  return newestOf(
    [now, ...before].map(
      (isUnder) => `select ${columns} from ${sql.all} p where ${isUnder} and p.op is not null ${where}`,
    ),
  );
}

/** Each is asked for by itself, so that the index serves. */
export function newestOf(queries: readonly string[]): string {
  const each = queries.map((query) => `${query} order by p.ord desc limit 1`);
  if (each.length === 1) return each.join('');
  return `select * from (${each.map((query) => `(${query})`).join(' union all ')}) u order by u.ord desc limit 1`;
}

/** SQL: the key that a row with this image had in its records; undefined where it had none, or one of unknown form. */
export function keyUnder(
  sql: RecordsSql,
  { columns }: EarlierKey,
  format: KeyFormat,
  image: string,
): string | undefined {
  const own = columns.length === 0 ? undefined : formatOfEarlier(format, columns, sql);
  return own === undefined ? undefined : keyOfImage(own, image, columns, sql.keyType);
}

/** SQL: the record `p` is not of a time when the same key meant another row. */
export function isSinceCollision(sql: RecordsSql, facts: Facts, keys: readonly EarlierKey[]): string {
  const newest = keys.find(({ collides }) => collides);
  return newest === undefined ? 'true' : `${txidOf(sql, facts)} > ${newest.until}`;
}

export function isBeforeCollision(sql: RecordsSql, facts: Facts, { collides, until }: EarlierKey): string {
  return collides ? `${txidOf(sql, facts)} <= ${until}` : 'true';
}

function txidOf(sql: RecordsSql, { xmax }: Facts): string {
  return sql.txidOf('p', (xmin) => asXid8(xmin, xmax));
}

/** Whether most of the rows that were not written since have records under this key. */
export async function findsRows(
  session: Session,
  sql: RecordsSql,
  { xmax }: Facts,
  {
    relation,
    recordedAs,
    columns,
    format,
  }: Keyed & { readonly relation: QualifiedName; readonly recordedAs: QualifiedName },
  earlier: EarlierKey,
): Promise<boolean> {
  const key = keyUnder(sql, earlier, format, 'c.img');
  if (key === undefined) return false;
  const [row] = await session.query<{ n: number; found: number }>(
    `select count(*)::int as n, count(*) filter (where exists (
         select from ${sql.all} p where ${sql.ofTable('p', recordedAs)} and p.key = ${key}))::int as found
     from (select ${imageOf('t', columns)} as img from ${qualified(relation)} t
           where ${asXid8('t.xmin', xmax)} <= ${earlier.until} limit ${SAMPLE}) c`,
  );
  return row !== undefined && row.found > row.n / 2;
}

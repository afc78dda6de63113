/**
 * Values that a record holds as texts, spelled by another language or by the server's own output: Python's `True`, the
 * `t` of an hstore. They are compared with what the row holds; what cannot be read is not compared, and said.
 */
import { literal } from '../../../runtime/postgres/quote.js';
import type { Column, TableColumns } from '../tables/columns.js';
import { type ImageDifference, sameValue } from './images.js';

interface Spelled {
  readonly difference: ImageDifference | null;
  readonly untold: readonly string[] | null;
  /** Transactions of the record, see `RecordsSql`. */
  readonly txid: string | null;
  readonly record_xid: string | null;
}

/** SQL: a field of the application that stands for the column `…_id`, as those of Django's foreign keys, under that name. */
export function underColumnNames(image: string, columns: readonly Column[]): string {
  const names = `array[${columns.map(({ name }) => literal(name)).join(', ')}]::text[]`;
  return `(select jsonb_object_agg(case when e.key <> all(${names}) and e.key || '_id' = any(${names}) then e.key || '_id' else e.key end, e.value)
    from jsonb_each(${image}) e)`;
}

/** SQL: columns of the live row `c.img` that are not null, and that the image does not have. */
export function untoldColumns(image: string, columns: readonly Column[]): string {
  const names = columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => literal(name));
  return `(select array_agg(v.key order by v.key) from jsonb_each(c.img) v
    where v.key = any(array[${names.join(', ')}]::text[]) and v.value <> 'null' and not coalesce(${image} ? v.key, false))`;
}

/** SQL: columns that were not null before a change, as it says, and of which no record before told anything. */
export function untoldBefore(image: string, old: string): string {
  return `(select array_agg(o.key) from jsonb_each(${old}) o where o.value not in ('null', '"None"') and not ${image} ? o.key)`;
}

/**
 * Those of them that a record should have told: the history begins with the row, which tells its key, and the column is as old as
 * the table. One that was added later may have a default that no record tells.
 */
export function shouldBeTold(
  { untold, told }: { readonly untold: readonly string[] | null; readonly told: readonly string[] | null },
  { columns, key }: TableColumns,
): readonly string[] {
  if (!key.every(({ name }) => told?.includes(name))) return [];
  const [first] = columns.map(({ changed }) => changed).sort((a, b) => (a < b ? -1 : 1));
  const old = columns.filter(({ changed }) => changed === first).map(({ name }) => name);
  return (untold ?? []).filter((name) => old.includes(name) || old.includes(`${name}_id`));
}

/**
 * The row without the differences that are spellings, and with those that cannot be read as untold. A whole row cannot tell of a
 * column that is newer than its record.
 */
export function readSpelled<R extends Spelled>(row: R, columns: readonly Column[], hasParts: boolean): R {
  const recordedIn = BigInt(row.txid ?? row.record_xid ?? 0);
  const known = new Map(columns.map((column) => [column.name, column]));
  const untold = (row.untold ?? []).filter((name) => hasParts || (known.get(name)?.changed ?? recordedIn) < recordedIn);
  const difference: Record<string, readonly [string, string]> = {};
  for (const [name, [record, live]] of Object.entries(row.difference ?? {})) {
    const found = compareSpelled(record, live, known.get(name)?.base);
    if (found === 'different') difference[name] = [record, live];
    if (found === 'unreadable') untold.push(name);
  }
  return { ...row, difference, untold };
}

const textTypes = new Set([
  'text',
  'character varying',
  'character',
  'name',
  'uuid',
  'date',
  'inet',
  'cidr',
  'macaddr',
]);
const numberTypes = new Set(['smallint', 'integer', 'bigint', 'numeric', 'double precision', 'real']);
const jsonTypes = new Set(['json', 'jsonb']);
const booleans = new Map([
  ['t', true],
  ['true', true],
  ['f', false],
  ['false', false],
]);

/** Both are jsonb in its text form. */
export function compareSpelled(
  record: string,
  live: string,
  type: string | undefined,
): 'same' | 'different' | 'unreadable' {
  if (type !== undefined && sameValue(record, live, { type })) return 'same';
  const told = textOf(record);
  if (told === undefined || type === undefined) return 'different';
  if (live === 'null' && (told === 'None' || (told === 'null' && jsonTypes.has(type)))) return 'same';
  // django-auditlog masks the first half of what is secret.
  if (isMasked(told)) return 'unreadable';
  if (live === 'null' || told === 'None') return 'different';
  const isSame = reading(type)?.(told, textOf(live) ?? live, type);
  return isSame === undefined ? 'unreadable' : isSame ? 'same' : 'different';
}

/** How texts of a type are compared; undefined where only the database could. */
function reading(type: string): ((told: string, live: string, type: string) => boolean) | undefined {
  if (textTypes.has(type)) return (told, live) => told === live;
  if (numberTypes.has(type)) return (told, live) => sameValue(told, live, { type });
  switch (type) {
    case 'boolean':
      return (told, live) => booleans.get(told.toLowerCase()) === booleans.get(live);
    case 'timestamp with time zone':
      // Without a zone it is of UTC.
      return (told, live) =>
        [told, `${told}Z`].some((each) => sameValue(JSON.stringify(each), JSON.stringify(live), { type }));
    case 'timestamp without time zone':
    case 'time without time zone':
      return (told, live) => clock(told) === clock(live);
    case 'interval':
      return (told, live) => sameValue(JSON.stringify(told.replace(', ', ' ')), JSON.stringify(live), { type });
  }
  return jsonTypes.has(type) ? sameJson : undefined;
}

function textOf(json: string): string | undefined {
  if (!json.startsWith('"')) return undefined;
  const parsed: unknown = JSON.parse(json);
  return typeof parsed === 'string' ? parsed : undefined;
}

function isMasked(text: string): boolean {
  const half = Math.floor(text.length / 2);
  return half > 0 && text.startsWith('*'.repeat(half));
}

function clock(text: string): string {
  return text
    .replace(' ', 'T')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

function sameJson(told: string, live: string): boolean {
  try {
    return canonical(JSON.parse(told)) === canonical(JSON.parse(live));
  } catch {
    return false;
  }
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`;
}

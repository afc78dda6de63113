/**
 * How a value is written depends on the session that wrote it: its time zone, `DateStyle`, `bytea_output`. For types whose form
 * `images.ts` does not know (ranges, arrays, composite types, types of extensions) the database reads both texts and says
 * whether they are one value.
 */
import { sqlState } from '../../../runtime/postgres/failure.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { Column } from '../tables/columns.js';
import { type ImageDifference, sameValue } from './images.js';

/** Written in one form only, or read by `sameValue`: asking the database would tell nothing more. */
const PLAIN = new Set([
  'text',
  'character varying',
  'character',
  '"char"',
  'name',
  'uuid',
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'double precision',
  'real',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'time without time zone',
  'interval',
  'money',
  'json',
  'jsonb',
]);

/** In jsonb they have one form; as texts they have that of the writing session. */
const DATED = new Set(['date', 'timestamp without time zone', 'timestamp with time zone']);

/** `01.02.2026` was written by a session with another order. The first one is ours, and reads all that ISO 8601 writes. */
const DATE_ORDERS = ['ISO, YMD', 'ISO, DMY', 'ISO, MDY'] as const;

/** Queries for one column, so that a page of texts that cannot be read at all does not hold up the others. */
const MOST_QUERIES = 40;

interface Pair {
  readonly a: string;
  readonly b: string;
}

interface HasDifference {
  readonly difference: ImageDifference | null;
}

/**
 * @param session inside a transaction; its settings are as before afterwards.
 * @returns the rows, in their order, with the columns left out of `difference` whose values are the same.
 */
export async function withoutSpelling<R extends HasDifference>(
  session: Session,
  columns: readonly Column[],
  rows: readonly R[],
  { spellsValues = false }: { readonly spellsValues?: boolean } = {},
): Promise<readonly R[]> {
  const same = new Map<string, ReadonlySet<string>>();
  for (const { name, base } of columns) {
    if (PLAIN.has(base) && !(spellsValues && DATED.has(base))) continue;
    const pairs = rows.flatMap(({ difference }) => {
      const [a, b] = difference?.[name] ?? [];
      return a === undefined || b === undefined || sameValue(a, b, { type: base }) ? [] : [{ a, b }];
    });
    if (pairs.length > 0) same.set(name, await samePairs(session, base, pairs));
  }
  if (same.size === 0) return rows;
  return rows.map((row) => ({ ...row, difference: withoutSame(row.difference, same) }));
}

function withoutSame(
  difference: ImageDifference | null,
  same: ReadonlyMap<string, ReadonlySet<string>>,
): ImageDifference | null {
  if (difference === null) return null;
  const others = Object.entries(difference).filter(([name, [a, b]]) => same.get(name)?.has(idOf({ a, b })) !== true);
  return Object.fromEntries(others);
}

function idOf({ a, b }: Pair): string {
  return JSON.stringify([a, b]);
}

/** Two texts are one value if there is a form in which both can be read, and a value that both are then. */
async function samePairs(session: Session, type: string, pairs: readonly Pair[]): Promise<ReadonlySet<string>> {
  const same = new Set<string>();
  const meanings = new Map<string, Set<string>>();
  let open = pairs;
  for (const order of DATE_ORDERS) {
    const texts = [...new Set(open.flatMap(({ a, b }) => [a, b]))];
    for (const [text, meaning] of await read(session, type, order, texts)) {
      meanings.set(text, (meanings.get(text) ?? new Set()).add(meaning));
    }
    const isSame = ({ a, b }: Pair) => [...(meanings.get(a) ?? [])].some((each) => meanings.get(b)?.has(each));
    for (const pair of open.filter(isSame)) same.add(idOf(pair));
    open = open.filter((pair) => !isSame(pair));
    if (open.length === 0) break;
  }
  return same;
}

/** What the texts mean, in the form that our own session writes. Those that are no value of the type are missing. */
async function read(
  session: Session,
  type: string,
  order: (typeof DATE_ORDERS)[number],
  texts: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const parts = [texts];
  for (let queries = 0; queries < MOST_QUERIES; queries += 1) {
    const part = parts.shift();
    if (part === undefined) break;
    const rows = await readPart(session, type, order, part);
    if (rows !== undefined) for (const { text, meaning } of rows) found.set(text, meaning);
    // One text that cannot be read fails them all.
    else if (part.length > 1) {
      const middle = Math.ceil(part.length / 2);
      parts.push(part.slice(0, middle), part.slice(middle));
    }
  }
  return found;
}

async function readPart(
  session: Session,
  type: string,
  order: string,
  texts: readonly string[],
): Promise<readonly { text: string; meaning: string }[] | undefined> {
  await session.query('savepoint spelling');
  try {
    await session.query(`set local datestyle to ${order}`);
    return await session.query<{ text: string; meaning: string }>(
      `select u.text, coalesce(to_jsonb(r.v)::text, 'null') as meaning from unnest($1::text[]) u(text)
       cross join lateral jsonb_to_record(jsonb_build_object('v', u.text::jsonb)) as r(v ${type})`,
      [texts],
    );
  } catch (error) {
    if (!isAboutValues(error)) throw error;
    return undefined;
  } finally {
    // With it goes the setting.
    await session.query('rollback to savepoint spelling').catch(() => undefined);
  }
}

/** Classes 22 and 23: no value of the type, or none that its domain allows. Classes 3F and 42: a type that is gone, or that this role may not use. */
function isAboutValues(error: unknown): boolean {
  return /^(?:22|23|3F|42)/.test(sqlState(error) ?? '');
}

import { describeQueryFailure } from '../../runtime/postgres/describe-failure.js';
import type { ReadOnlyDatabase, Session } from '../../runtime/postgres/read-only.js';
import { compareWith } from '../status/compare.js';
import { isDecimal } from '../status/decimal.js';
import { unknownFinding } from '../status/finding.js';
import type { LookOf } from './look.js';

/** By the name that the board gives it; a text says why it is not connected. */
export type Databases = ReadonlyMap<string, Pick<ReadOnlyDatabase, 'read'> | string>;

export type SqlAnswer = { readonly value: string; readonly asOf: Date | undefined } | { readonly unknown: string };

export const lookBySql: LookOf<'sql', { readonly databases: Databases }> = (check, { databases }) => {
  const ask = oneValueOf(check.query, check.database, databases);
  const source = `database ${check.database}`;
  return async ({ signal, now }) => {
    const answer = await ask(signal);
    if ('unknown' in answer) return unknownFinding(source, answer.unknown);
    const value = asNumber(answer.value);
    if (value === undefined) return unknownFinding(source, 'value is not a number');
    return compareWith(check.expect, { value, asOf: answer.asOf ?? now, source });
  };
};

/** Exactly one row, with `value` and perhaps `as_of`. Planned before it is run for the first time. */
export function oneValueOf(query: string, database: string, databases: Databases) {
  let isPlanned = false;
  return async (signal: AbortSignal): Promise<SqlAnswer> => {
    const found = databases.get(database);
    if (found === undefined) return { unknown: `the board names no database ${database}` };
    if (typeof found === 'string') return { unknown: found };
    try {
      return await found.read(signal, async (session) => {
        if (!isPlanned) await session.query(`explain ${wrapped(query)}`);
        isPlanned = true;
        return readOne(await rowsOf(session, query));
      });
    } catch (error) {
      signal.throwIfAborted();
      return { unknown: describeQueryFailure(error) };
    }
  };
}

interface Row extends Record<string, unknown> {
  readonly value: string | null;
  readonly as_of: string | null;
  readonly has_value: boolean;
  readonly has_as_of: boolean;
}

/** As JSON, because only it says which columns there are; numbers keep all their digits in it. */
function wrapped(query: string): string {
  return `select j ->> 'value' as value, j ->> 'as_of' as as_of, j ? 'value' as has_value, j ? 'as_of' as has_as_of
    from (select pg_catalog.to_jsonb(q) as j from (\n${query}\n) as q limit 2) as r`;
}

function rowsOf(session: Session, query: string): Promise<readonly Row[]> {
  return session.query<Row>(wrapped(query));
}

function readOne(rows: readonly Row[]): SqlAnswer {
  const [row] = rows;
  if (row === undefined) return { unknown: 'the query gives no row; it must give exactly one' };
  if (rows.length > 1) return { unknown: 'the query gives several rows; it must give exactly one' };
  if (!row.has_value) return { unknown: 'the query gives no column value' };
  if (row.value === null) return { unknown: 'value is null' };
  if (!row.has_as_of) return { value: row.value, asOf: undefined };
  // Nothing was ever looked at: no row of what is wrong is no evidence then.
  if (row.as_of === null) return { unknown: 'as_of is null: there is no evidence yet' };
  const asOf = instantOf(row.as_of);
  return asOf === undefined ? { unknown: 'as_of is no timestamp with time zone' } : { value: row.value, asOf };
}

/** Without an offset nobody knows which moment it is. */
export function instantOf(text: string): Date | undefined {
  if (!/(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text)) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

function asNumber(text: string): string | undefined {
  if (text === 'true') return '1';
  if (text === 'false') return '0';
  return isDecimal(text) ? text : undefined;
}

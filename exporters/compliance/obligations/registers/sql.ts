import { failureOf, sqlState } from '../../../runtime/postgres/failure.js';
import type { ReadOnlyDatabase } from '../../../runtime/postgres/read-only.js';
import { contentsOf } from './contents.js';
import { MAX_CASES, type RegisterReader } from './register.js';
import type { RegisterRow, RowRules } from './rows.js';

/**
 * The server writes each row as JSON, so that times, days and ranges arrive as text and no driver guesses a time zone.
 *
 * @param name of the database, for messages.
 */
export function sqlRegister(
  name: string,
  query: string,
  database: Pick<ReadOnlyDatabase, 'read'>,
  rulesAt: (now: Date) => RowRules,
): RegisterReader {
  const register = `register in the database ${name}`;
  const statement = `select pg_catalog.to_json(register_row) as found from (${query.replace(/;\s*$/, '')}\n) as register_row limit ${MAX_CASES + 1}`;
  return {
    async read({ signal, now }) {
      try {
        const found = await database.read(signal, (session) => session.query<{ found: RegisterRow }>(statement));
        const rows = found.map(({ found: row }, index) => ({ place: `${register}: row ${index + 1}`, row }));
        return contentsOf({ register, rows, asOf: now }, rulesAt(now));
      } catch (error) {
        if (signal.aborted) throw error;
        return { unreadable: `${register}: ${explained(error)}` };
      }
    },
  };
}

/** Messages about values hold them. Those about names, rights and connections do not. */
function explained(error: unknown): string {
  const state = sqlState(error);
  const { kind, reason } = failureOf(error);
  if (kind !== 'other' || state === undefined) return reason;
  return `the query fails (SQLSTATE ${state})`;
}

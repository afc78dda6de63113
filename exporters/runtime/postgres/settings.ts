import type { DatabaseAccess } from '../../../pack/index.js';
import { literal } from './quote.js';

export type Settings = Readonly<Record<string, string>>;

/**
 * Settings that change how values become text. The recording functions write images under them, and the observer reads
 * live rows under them: where one side spells a value differently from the other, each row that holds such a value looks
 * like a change without a record. So both take them from here.
 *
 * `IntervalStyle` is PostgreSQL's own default, because trails that were not made by us seldom pin it. The seal has a list
 * of its own: that one is part of a published format.
 */
export const textSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
} as const;

/**
 * Settings of every transaction that reads, so that neither a pooler nor the server's configuration changes what is
 * read. A row-level security policy must make a query fail, not make rows disappear.
 */
export function readSettings({ statementTimeoutMs }: DatabaseAccess, application: string): Settings {
  return {
    application_name: application,
    row_security: 'off',
    statement_timeout: `${statementTimeoutMs}ms`,
    lock_timeout: '2s',
    idle_in_transaction_session_timeout: `${Math.max(statementTimeoutMs, 10_000)}ms`,
    search_path: 'pg_catalog',
    standard_conforming_strings: 'on',
    ...textSettings,
    // Parallel workers would take the place of the portal's own, and compiling costs more than most queries.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
  };
}

/** One round trip. `set_config(…, true)` ends with the transaction, so it is right behind a pooler too. */
export function beginReading(settings: Settings): string {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`,
  );
  return `begin transaction isolation level repeatable read read only; select ${calls.join(', ')}`;
}

import type { DatabaseAccess } from '../../../pack/index.js';
import { literal } from './quote.js';

export type Settings = Readonly<Record<string, string>>;

/**
 * Settings that change how values become text. The recording functions write images with them, and the observer reads
 * live rows with them: if the two sides write a value differently, each row with such a value looks like a change
 * without a record. So both use these.
 *
 * `IntervalStyle` is PostgreSQL's default, because trails that the pack did not create rarely pin it. The seal has its
 * own list, because that is part of a published format.
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
 * Settings of every transaction that reads, so that neither a pooler nor the server's configuration changes the result.
 * A row-level security policy must make a query fail, not hide rows.
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
    // Parallel workers would use the slots of the portal's queries, and JIT compilation costs more than most queries.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
  };
}

/** One round trip. `set_config(…, true)` ends with the transaction, so it is also correct behind a pooler. */
export function beginReading(settings: Settings): string {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`,
  );
  return `begin transaction isolation level repeatable read read only; select pg_catalog.pg_backend_pid() as pid, ${calls.join(', ')}`;
}

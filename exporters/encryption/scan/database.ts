import pg from 'pg';
import type { DatabaseAccess } from '../../../pack/index.js';
import { connectionTarget } from '../../runtime/database/access.js';
import type { Redactor } from '../../runtime/log.js';
import { failureOf, ScanFailure } from './failure.js';
import { text } from './sql.js';

export type Row = Record<string, unknown>;

/** One query of a look; no parameter and no result of it is ever logged. */
export type Query = <R extends Row>(sql: string, values?: readonly unknown[]) => Promise<R[]>;

const CONNECT_WITHIN_MS = 10_000;
const LOCK_WAIT = '2s';
const NAME = 'kop-encryption-scan';

/**
 * A way into a database that only reads. Each look is one read-only transaction on the one connection there is, with
 * its time limits and its search path set inside it, so that it is right behind a pooler too.
 */
export class ReadOnlyDatabase {
  readonly #access: DatabaseAccess;
  readonly #redactor: Redactor | undefined;
  #client: pg.Client | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(access: DatabaseAccess, redactor?: Redactor) {
    this.#access = access;
    this.#redactor = redactor;
  }

  /**
   * Looks happen one after the other. Aborting gives the connection up; the server ends the query by its time limit.
   *
   * @throws {ScanFailure}
   */
  look<T>(signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => this.#look(signal, work));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #look<T>(signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        void this.close();
        reject(new ScanFailure('other', 'stopped'));
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    // Unhandled when the work ends first.
    aborted.catch(() => undefined);
    try {
      return await Promise.race([this.#transaction(work), aborted]);
    } catch (error) {
      throw failureOf(error);
    } finally {
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  async #transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#connected();
    try {
      await client.query(begin(this.#access));
      const result = await work(
        async <R extends Row>(sql: string, values: readonly unknown[] = []) =>
          (await client.query<R>(sql, [...values])).rows,
      );
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => {
        if (this.#client === client) this.#client = undefined;
        void client.end().catch(() => undefined);
      });
      throw error;
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client(connection(this.#access, this.#redactor));
    // A server that goes away ends idle connections too; the next look makes a new one and says what it finds.
    client.on('error', () => this.#forget(client));
    client.on('end', () => this.#forget(client));
    await client.connect();
    this.#client = client;
    return client;
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
  }
}

/** A policy must make the query fail, not make rows disappear: hence `row_security`. */
function begin({ statementTimeoutMs }: DatabaseAccess): string {
  const settings = {
    statement_timeout: `${statementTimeoutMs}ms`,
    lock_timeout: LOCK_WAIT,
    idle_in_transaction_session_timeout: '60s',
    row_security: 'off',
    search_path: 'pg_catalog',
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    standard_conforming_strings: 'on',
    // Workers of an observer would take the place of the portal's own, and compiling costs more than a batch.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
  };
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${text(name)}, ${text(value)}, true)`,
  );
  return `begin transaction isolation level repeatable read read only; select ${calls.join(', ')}`;
}

function connection(access: DatabaseAccess, redactor: Redactor | undefined): pg.ClientConfig {
  return {
    ...connectionTarget(access, redactor),
    application_name: NAME,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  };
}

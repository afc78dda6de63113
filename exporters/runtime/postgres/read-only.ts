import pg from 'pg';
import type { DatabaseAccess } from '../../../pack/index.js';
import type { Logger, Redactor } from '../log.js';
import { connectionConfig } from './address.js';
import { beginReading, readSettings, type Settings } from './settings.js';

/** One read-only transaction, in which all queries see the same snapshot. */
export interface Session {
  query<R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<R[]>;
}

export interface ReadOnlyOptions {
  /** Shown to the database's administrator. */
  readonly application: string;
  readonly log: Logger;
  readonly redactor?: Redactor;
  /** In addition to those of `readSettings`. */
  readonly settings?: Settings;
}

const CANCEL_WITHIN_MS = 2000;
const IDLE_MS = 60_000;

/**
 * Read-only access to a database. Every transaction is REPEATABLE READ, READ ONLY, with pinned settings; no transaction
 * id is ever allocated, so reading does not change what is measured.
 */
export class ReadOnlyDatabase {
  readonly #access: DatabaseAccess;
  readonly #options: ReadOnlyOptions;
  readonly #begin: string;
  #pool: pg.Pool | undefined;

  constructor(access: DatabaseAccess, options: ReadOnlyOptions) {
    this.#access = access;
    this.#options = options;
    this.#begin = beginReading({ ...readSettings(access, options.application), ...options.settings });
  }

  /**
   * Aborting the signal cancels the statement on the server. If that fails, the connection is destroyed, and the server notices it
   * with its next message.
   *
   * @throws what the driver throws; `failureOf` explains it.
   */
  async read<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const client = await this.#connect(signal);
    let aborted = false;
    let pid: number | undefined;
    const onAbort = () => {
      aborted = true;
      void this.#cancel(client, pid);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let broken: Error | undefined;
    // The pool listens only while a connection is idle; without a listener, a connection that the server closes would
    // end the process.
    const onLost = (error: Error) => {
      broken = error;
    };
    client.on('error', onLost);
    try {
      pid = serverProcess(await client.query(this.#begin));
      const result = await work({
        query: async <R extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []) => {
          signal.throwIfAborted();
          return (await client.query<R>(sql, [...params])).rows;
        },
      });
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      if (signal.aborted) throw abortReason(signal);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      client.off('error', onLost);
      // A cancel request may arrive late and hit the next statement of this connection.
      client.release(broken ?? (aborted ? true : undefined));
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.end();
  }

  async #connect(signal: AbortSignal): Promise<pg.PoolClient> {
    // Created when first needed: an unreadable secret is a failure of this transaction, not of the process.
    this.#pool ??= this.#makePool();
    const connecting = this.#pool.connect();
    return await new Promise((resolve, reject) => {
      const onAbort = () => {
        connecting.then(
          (client) => client.release(),
          () => undefined,
        );
        reject(abortReason(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      connecting.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  #makePool(): pg.Pool {
    const pool = new pg.Pool({
      ...this.#config(),
      max: this.#access.maxConnections,
      idleTimeoutMillis: IDLE_MS,
      // The pool must not keep a process alive that has nothing else to do.
      allowExitOnIdle: true,
    });
    // The server closed an idle connection; the next transaction opens a new one and reports errors.
    pool.on('error', (error) => this.#options.log.debug('idle connection ended', { error }));
    return pool;
  }

  #config(): pg.ClientConfig {
    return connectionConfig(this.#access, this.#options.application, this.#options.redactor);
  }

  /** @param pid of the server; behind a pooler, only for as long as the transaction lasts. */
  async #cancel(client: pg.PoolClient, pid: number | undefined): Promise<void> {
    const canceller = new pg.Client({ ...this.#config(), connectionTimeoutMillis: CANCEL_WITHIN_MS });
    canceller.on('error', () => undefined);
    try {
      if (pid === undefined) throw new Error('the backend is not known');
      await canceller.connect();
      await canceller.query('select pg_catalog.pg_cancel_backend($1)', [pid]);
    } catch (error) {
      this.#options.log.debug('cancelling failed; the connection is destroyed', { error });
      destroy(client);
    } finally {
      await canceller.end().catch(() => undefined);
    }
  }
}

/** Several statements give several results, which the driver's types do not say. */
function serverProcess(results: unknown): number | undefined {
  const rows = Array.isArray(results) ? results.flatMap((result: { rows?: unknown }) => result.rows ?? []) : [];
  const pids = rows.flatMap((row: unknown) => (isPidRow(row) ? [row.pid] : []));
  return pids[0];
}

function isPidRow(row: unknown): row is { readonly pid: number } {
  return typeof row === 'object' && row !== null && 'pid' in row && typeof row.pid === 'number';
}

function destroy(client: pg.PoolClient): void {
  const connection: unknown = 'connection' in client ? client.connection : undefined;
  if (typeof connection !== 'object' || connection === null || !('stream' in connection)) return;
  const { stream } = connection;
  if (typeof stream !== 'object' || stream === null || !('destroy' in stream)) return;
  if (typeof stream.destroy === 'function') stream.destroy();
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}

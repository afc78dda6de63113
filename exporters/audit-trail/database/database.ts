import pg from 'pg';
import type { DatabaseAccess } from '../../../pack/index.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { pinnedSettings, poolConfig } from './connection.js';
import { literal } from './quote.js';

/** One look: a read-only transaction in which all queries see the same snapshot. */
export interface Session {
  query<R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<R[]>;
}

export interface DatabaseDeps {
  readonly log: Logger;
  readonly redactor?: Redactor;
}

const CANCEL_WITHIN_MS = 2000;

/**
 * The observer's way into a database. Everything goes through `look`: REPEATABLE READ, READ ONLY, settings pinned.
 * No transaction id is ever allocated, so the observer leaves no trace in what it measures.
 */
export class Database {
  readonly #access: DatabaseAccess;
  readonly #deps: DatabaseDeps;
  readonly #begin: string;
  #pool: pg.Pool | undefined;

  constructor(access: DatabaseAccess, deps: DatabaseDeps) {
    this.#access = access;
    this.#deps = deps;
    const settings = Object.entries(pinnedSettings(access));
    const calls = settings.map(([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`);
    // One round trip. `set_config(…, true)` ends with the transaction, so it is right behind a pooler too.
    this.#begin = `begin transaction isolation level repeatable read read only; select ${calls.join(', ')}`;
  }

  /**
   * Aborting the signal cancels the statement on the server. Should that fail, the connection is destroyed, and the
   * server notices with its next message.
   *
   * @throws what the driver throws; `failureOf` says what it means.
   */
  async look<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const client = await this.#connect(signal);
    let aborted = false;
    const onAbort = () => {
      aborted = true;
      void this.#cancel(client);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let broken: Error | undefined;
    // The pool listens only while a connection is idle; unheard, one that the server ends would end the process.
    const onLost = (error: Error) => {
      broken = error;
    };
    client.on('error', onLost);
    try {
      await client.query(this.#begin);
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
    // Made when first wanted: a secret that cannot be read yet is a failure of this look, not of the process.
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
    const pool = new pg.Pool(poolConfig(this.#access, this.#deps.redactor));
    // An idle connection that the server ended; the next look makes a new one and says what it finds.
    pool.on('error', (error) => this.#deps.log.debug('idle connection ended', { error }));
    return pool;
  }

  async #cancel(client: pg.PoolClient): Promise<void> {
    const pid = backendPid(client);
    const { max: _max, idleTimeoutMillis: _idle, allowExitOnIdle: _exit, ...config } = poolConfig(this.#access);
    const canceller = new pg.Client({ ...config, connectionTimeoutMillis: CANCEL_WITHIN_MS });
    canceller.on('error', () => undefined);
    try {
      if (pid === undefined) throw new Error('the backend is not known');
      await canceller.connect();
      await canceller.query('select pg_catalog.pg_cancel_backend($1)', [pid]);
    } catch (error) {
      this.#deps.log.debug('cancelling failed; the connection is destroyed', { error });
      destroy(client);
    } finally {
      await canceller.end().catch(() => undefined);
    }
  }
}

function backendPid(client: pg.PoolClient): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
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

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { rowTypes } from './values.js';

/** One connection for the length of one request, as FastAPI's `Depends(get_db)` gives it. */
export interface Connection {
  rows<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  row<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** Server process id, for cancelling from outside. */
  pid(): Promise<number>;
  release(): void;
}

export const POOL_MIN = 5;
export const POOL_MAX = 20;
const IDLE_MS = 300_000;

/**
 * The portal's pool: 5 to 20 connections and no limit on waiting, which is why its health route hangs when all are
 * taken. `cutOff()` really makes the database unreachable for the portal, `reconnect()` brings it back.
 */
export class PortalPool {
  readonly #url: string;
  readonly #name = `kop-demo-portal-${randomUUID().slice(0, 8)}`;
  #pool: pg.Pool;
  #isCutOff = false;

  constructor(url: string) {
    this.#url = url;
    this.#pool = this.#open(url);
  }

  get counts(): { size: number; idle: number } {
    return { size: this.#pool.totalCount, idle: this.#pool.idleCount };
  }

  async warmUp(): Promise<void> {
    const connections = await Promise.all(Array.from({ length: POOL_MIN }, () => this.#pool.connect()));
    for (const connection of connections) {
      connection.release();
    }
  }

  async acquire(): Promise<Connection> {
    return connectionOver(await this.#pool.connect());
  }

  async cutOff(): Promise<void> {
    if (!this.#isCutOff) {
      this.#isCutOff = true;
      // Port 1 of loopback: nothing listens there, so every attempt is a real ECONNREFUSED.
      const unreachable = new URL(this.#url);
      unreachable.host = '127.0.0.1:1';
      await this.#replace(unreachable.href);
    }
  }

  async reconnect(): Promise<void> {
    if (this.#isCutOff) {
      this.#isCutOff = false;
      await this.#replace(this.#url);
    }
  }

  async cancel(pid: number): Promise<void> {
    await this.#aside('select pg_cancel_backend($1)', [pid]);
  }

  async close(): Promise<void> {
    const old = this.#pool;
    const ended = old.end();
    if (old.totalCount > 0) {
      await this.#terminate();
    }
    await ended;
  }

  async #replace(url: string): Promise<void> {
    const old = this.#pool;
    this.#pool = this.#open(url);
    // Resolves only when every borrower has given back; the requests under way are broken off instead of waited for.
    old.end().catch(() => undefined);
    await this.#terminate();
  }

  async #terminate(): Promise<void> {
    await this.#aside('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      this.#name,
    ]).catch(() => undefined);
  }

  async #aside(text: string, values: unknown[]): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query(text, values);
    } finally {
      await client.end();
    }
  }

  #open(url: string): pg.Pool {
    const pool = new pg.Pool({
      connectionString: url,
      min: POOL_MIN,
      max: POOL_MAX,
      idleTimeoutMillis: IDLE_MS,
      allowExitOnIdle: true,
      application_name: this.#name,
      options: '-c timezone=UTC -c jit=off',
      types: rowTypes(),
    });
    // A stopped database ends idle and borrowed connections alike; unheard "error" events would end this process.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }
}

function connectionOver(client: pg.PoolClient): Connection {
  const rows = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await client.query<Row>(text, [...values])).rows;
  const row = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    (await rows<Row>(text, values))[0];
  return {
    rows,
    row,
    async pid() {
      return (await row<{ pid: number }>('select pg_backend_pid() as pid'))?.pid ?? 0;
    },
    release: () => client.release(),
  };
}

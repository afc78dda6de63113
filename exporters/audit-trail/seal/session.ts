import { Socket } from 'node:net';
import pg from 'pg';
import { z } from 'zod';
import type { DatabaseAccess } from '../../../pack/index.js';
import { connectionConfig } from '../../runtime/postgres/address.js';
import { isThroughPooler } from '../../runtime/postgres/pooler.js';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import { CopyOut } from './copy-out.js';

/**
 * Whatever decides how a value becomes text is pinned, or a session's own settings would change the leaves.
 * `row_security` off turns a policy that hides rows into an error; hidden rows would seem deleted.
 */
const PINNED = [
  "datestyle = 'ISO, YMD'",
  "timezone = 'UTC'",
  'intervalstyle = iso_8601',
  'extra_float_digits = 1',
  'bytea_output = hex',
  'client_encoding = UTF8',
  "lc_monetary = 'C'",
  'xmloption = content',
  'row_security = off',
  'search_path = pg_catalog',
  'jit = off',
  // Behind stale statistics the planner expects a handful of rows beyond the last chunk and sorts all of them, for each
  // chunk anew. This leaves it the index order; without such an index it sorts all the same.
  'enable_sort = off',
]
  .map((setting) => `SET LOCAL ${setting};`)
  .join(' ');

const nothing = z.array(z.unknown());
const backend = z.object({ pid: z.int() });

/** One connection to the audit database, read-only; what it is asked never allocates a transaction id. */
export class SealSession {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #isLost = false;
  #isPooled = false;
  #whenBegun: (() => Promise<void>) | undefined;

  private constructor(client: pg.Client, socket: Socket, timeoutMs: number) {
    this.#client = client;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    const lose = () => {
      this.#isLost = true;
    };
    client.on('error', lose);
    client.on('end', lose);
  }

  static async open(access: DatabaseAccess, signal: AbortSignal): Promise<SealSession> {
    signal.throwIfAborted();
    // Ours, so that it can be cut: pg has no other way to end a query that the server does not end.
    const socket = new Socket();
    const client = new pg.Client({
      ...connectionConfig(access, 'kop-audit-seal'),
      stream: () => socket,
    });
    const session = new SealSession(client, socket, access.statementTimeoutMs);
    const end = session.cutOn(signal);
    try {
      await client.connect();
      await session.#lookForPooler();
    } catch (error) {
      session.cut();
      signal.throwIfAborted();
      throw error;
    } finally {
      end();
    }
    return session;
  }

  /** Another transaction may be run by another process of the server, so nothing can be kept in the session. */
  get isPooled(): boolean {
    return this.#isPooled;
  }

  /** At the start of each snapshot, within its transaction. */
  whenBegun(work: () => Promise<void>): void {
    this.#whenBegun = work;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async rows<T>(text: string, row: z.ZodType<T>, values: readonly string[] = []): Promise<readonly T[]> {
    const result = await this.#client.query(text, [...values]);
    return z.array(row).parse(nothing.parse(result.rows));
  }

  async one<T>(text: string, row: z.ZodType<T>, values: readonly string[] = []): Promise<T> {
    const [first] = await this.rows(text, row, values);
    if (first === undefined) throw new SealUnavailable(`no answer to: ${text}`);
    return first;
  }

  copy(select: string, row: (line: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.query(
        new CopyOut(`COPY (${select}) TO STDOUT`, row, (error) => (error === undefined ? resolve() : reject(error))),
      );
    });
  }

  /** Rows of a running copy() stop coming until resume(); the server then waits for its connection. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** One snapshot for all that `work` reads. When the signal aborts, the connection is cut. */
  async snapshot<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const end = this.cutOn(signal);
    try {
      // Nothing is set for the session: a pooler refuses it at the start, and would leave it to others later.
      await this.#client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${PINNED} SET LOCAL statement_timeout = ${this.#timeoutMs}`,
      );
      await this.#whenBegun?.();
      const result = await work();
      await this.#client.query('COMMIT');
      return result;
    } catch (error) {
      await this.#client.query('ROLLBACK').catch(() => this.cut());
      signal.throwIfAborted();
      throw error;
    } finally {
      end();
    }
  }

  async #lookForPooler(): Promise<void> {
    const { pid } = await this.one('SELECT pg_backend_pid() AS pid', backend);
    this.#isPooled = isThroughPooler(this.#client, pid);
    if (this.#isPooled) return;
    await this.rows(`SELECT set_config('statement_timeout', $1, false)`, z.unknown(), [String(this.#timeoutMs)]);
  }

  /** @returns what ends the watch. */
  cutOn(signal: AbortSignal): () => void {
    const cut = () => this.cut();
    signal.addEventListener('abort', cut, { once: true });
    return () => signal.removeEventListener('abort', cut);
  }

  cut(): void {
    this.#isLost = true;
    this.#socket.destroy();
  }

  async close(): Promise<void> {
    if (this.#isLost) return this.cut();
    // A server that does not answer any more must not hold up the end.
    const late = setTimeout(() => this.cut(), 2_000);
    await this.#client.end().catch(() => undefined);
    clearTimeout(late);
  }
}

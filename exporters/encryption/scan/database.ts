import type { DatabaseAccess } from '../../../pack/index.js';
import { type Redactor, silentLogger } from '../../runtime/log.js';
import { type HeavyReading, ProvenReplica } from '../../runtime/postgres/proven-replica.js';
import { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import { scanFailureOf } from './failure.js';

export type QueryRow = Record<string, unknown>;

/** One query of a transaction; no parameter and no result of it is ever logged. */
export type ScanQuery = <R extends QueryRow>(sql: string, values?: readonly unknown[]) => Promise<R[]>;

/**
 * The scanner's access to a database: one connection, one transaction at a time; its failures never contain a value.
 */
export class ScanDatabase {
  readonly #reading: HeavyReading;
  readonly #primary: ReadOnlyDatabase;

  /** @param replica read in place of the database, as long as it proves that it shows what the database holds. */
  constructor(access: DatabaseAccess, redactor?: Redactor, replica?: DatabaseAccess) {
    this.#primary = open(access, redactor);
    this.#reading = replica === undefined ? this.#primary : new ProvenReplica(this.#primary, open(replica, redactor));
  }

  /** @throws {ScanFailure} */
  async look<T>(signal: AbortSignal, work: (query: ScanQuery) => Promise<T>): Promise<T> {
    try {
      return await this.#reading.read(signal, (session) => work(session.query));
    } catch (error) {
      throw scanFailureOf(error);
    }
  }

  async close(): Promise<void> {
    await this.#reading.close();
    if (this.#reading !== this.#primary) await this.#primary.close();
  }
}

function open(access: DatabaseAccess, redactor: Redactor | undefined): ReadOnlyDatabase {
  return new ReadOnlyDatabase(
    { ...access, maxConnections: 1 },
    {
      application: 'kop-encryption-scan',
      // The driver's messages may quote a value; `scanFailureOf` describes the failure instead.
      log: silentLogger,
      ...(redactor === undefined ? {} : { redactor }),
    },
  );
}

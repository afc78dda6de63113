import type { DatabaseAccess } from '../../../pack/index.js';
import { type Redactor, silentLogger } from '../../runtime/log.js';
import { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import { scanFailureOf } from './failure.js';

export type QueryRow = Record<string, unknown>;

/** One query of a transaction; no parameter and no result of it is ever logged. */
export type ScanQuery = <R extends QueryRow>(sql: string, values?: readonly unknown[]) => Promise<R[]>;

/**
 * The scanner's access to a database: one connection, one transaction at a time; its failures never contain a value.
 */
export class ScanDatabase {
  readonly #database: ReadOnlyDatabase;

  constructor(access: DatabaseAccess, redactor?: Redactor) {
    this.#database = new ReadOnlyDatabase(
      { ...access, maxConnections: 1 },
      {
        application: 'kop-encryption-scan',
        // The driver's messages may quote a value; `scanFailureOf` describes the failure instead.
        log: silentLogger,
        ...(redactor === undefined ? {} : { redactor }),
      },
    );
  }

  /** @throws {ScanFailure} */
  async look<T>(signal: AbortSignal, work: (query: ScanQuery) => Promise<T>): Promise<T> {
    try {
      return await this.#database.read(signal, (session) => work(session.query));
    } catch (error) {
      throw scanFailureOf(error);
    }
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

import type { ReadOnlyDatabase, Session } from '../../runtime/postgres/read-only.js';

/** A database that knows whether it could be reached. A query that fails says nothing of the database. */
export class WatchedDatabase implements Pick<ReadOnlyDatabase, 'read' | 'close'> {
  readonly #database: Pick<ReadOnlyDatabase, 'read' | 'close'>;
  #isUp: boolean | undefined;

  constructor(database: Pick<ReadOnlyDatabase, 'read' | 'close'>) {
    this.#database = database;
  }

  /** Whether the last transaction could begin; undefined before the first. */
  get isUp(): boolean | undefined {
    return this.#isUp;
  }

  async read<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    let hasBegun = false;
    try {
      return await this.#database.read(signal, (session) => {
        hasBegun = true;
        this.#isUp = true;
        return work(session);
      });
    } catch (error) {
      if (!hasBegun) this.#isUp = false;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** By the name that the board gives it; a text says why one is not connected. */
export type WatchedDatabases = ReadonlyMap<string, WatchedDatabase | string>;

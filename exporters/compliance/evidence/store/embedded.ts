import { join } from 'node:path';
import type Sqlite from 'libsql';
import type { EvidenceDatabase } from './database.js';
import { EVIDENCE_FILE, guarded, openEvidenceFile } from './database-file.js';
import { SqlEvidenceStore } from './sql-store.js';
import type { EvidenceStore } from './store.js';

interface EmbeddedOptions {
  /** For commands that read beside a running exporter. */
  readonly readOnly?: boolean;
}

/**
 * A store in one file of SQLite, by a library that npm brings ready to run.
 *
 * @throws {EvidenceUnavailable} when the library or the file cannot be used.
 * @throws {EvidenceDamaged} when the file is no evidence store any more.
 */
export async function openEmbeddedStore(
  directory: string,
  { readOnly = false }: EmbeddedOptions = {},
): Promise<EvidenceStore> {
  const path = join(directory, EVIDENCE_FILE);
  return new SqlEvidenceStore(new EmbeddedDatabase(path, await openEvidenceFile(path, readOnly), readOnly));
}

class EmbeddedDatabase implements EvidenceDatabase {
  readonly name: string;
  readonly #db: Sqlite.Database;
  readonly #isReadOnly: boolean;
  readonly #statements = new Map<string, Sqlite.Statement>();
  /** A transaction belongs to the connection: whatever is asked for meanwhile waits. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(path: string, db: Sqlite.Database, isReadOnly: boolean) {
    this.name = path;
    this.#db = db;
    this.#isReadOnly = isReadOnly;
  }

  all(sql: string, values: readonly unknown[] = []): Promise<readonly unknown[]> {
    return this.#next(() => this.#all(sql, values));
  }

  atomically<T>(work: (inside: Pick<EvidenceDatabase, 'all'>) => Promise<T>): Promise<T> {
    return this.#next(async () => {
      await guarded(this.name, () => this.#db.exec('begin immediate'));
      try {
        const result = await work({ all: (sql, values = []) => this.#all(sql, values) });
        await guarded(this.name, () => this.#db.exec('commit'));
        return result;
      } catch (error) {
        // SQLite itself rolls back after some failures.
        if (this.#db.inTransaction) this.#db.exec('rollback');
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#next(async () => {
      // The library leaves statements open, so that closing does not move the log into the file.
      if (!this.#isReadOnly) await guarded(this.name, () => this.#db.pragma('wal_checkpoint(truncate)'));
      this.#statements.clear();
      this.#db.close();
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(work, work);
    this.#busy = result.catch(() => undefined);
    return result;
  }

  #all(sql: string, values: readonly unknown[]): Promise<readonly unknown[]> {
    return guarded(this.name, () => {
      const known = this.#statements.get(sql);
      const statement = known ?? this.#db.prepare(sql);
      if (known === undefined) this.#statements.set(sql, statement);
      return statement.all(...values);
    });
  }
}

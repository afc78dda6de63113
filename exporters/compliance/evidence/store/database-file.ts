import { existsSync } from 'node:fs';
import type Sqlite from 'libsql';
import { z } from 'zod';
import { tablesOf } from './database.js';
import { EvidenceDamaged, EvidenceUnavailable } from './store.js';

export const EVIDENCE_FILE = 'evidence.db';

/** Written into the file, so that a later version of the pack recognises it. */
const FORMAT = 1;
const BUSY_MS = 5000;

const SCHEMA = `
  ${tablesOf({ integer: 'integer', generated: 'integer primary key', schema: '' })}
  create trigger evaluations_are_kept before delete on evaluations
    when old.number > (select up_to from extent)
    begin select raise(abort, 'evaluations are append-only'); end;
  create trigger evaluations_are_unchanged before update on evaluations
    begin select raise(abort, 'evaluations are append-only'); end;
  pragma user_version = ${FORMAT};
`;

/**
 * @throws {EvidenceUnavailable} when the library or the file cannot be used.
 * @throws {EvidenceDamaged} when the file is no evidence store any more.
 */
export async function openEvidenceFile(path: string, readOnly: boolean): Promise<Sqlite.Database> {
  const Database = await loadLibrary();
  // The library would make an empty file.
  if (readOnly && !existsSync(path)) throw new EvidenceUnavailable(`there is no evidence in ${path} yet`);
  return guarded(path, () => {
    const db = opened(Database, path);
    try {
      prepare(db, path, readOnly);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  });
}

/** What the library throws here has no code of SQLite. */
function opened(Database: typeof Sqlite, path: string): Sqlite.Database {
  try {
    return new Database(path, { timeout: BUSY_MS });
  } catch (cause) {
    throw new EvidenceUnavailable(`the evidence cannot be kept in ${path}: ${sentences.SQLITE_CANTOPEN}`, { cause });
  }
}

function prepare(db: Sqlite.Database, path: string, readOnly: boolean): void {
  const version = z.object({ user_version: z.int() }).parse(db.prepare('pragma user_version').get()).user_version;
  if (version > FORMAT) {
    throw new EvidenceUnavailable(`${path} was written by a newer version of the pack; install that version`);
  }
  if (readOnly) db.pragma('query_only = on');
  else {
    db.pragma('journal_mode = wal');
    // What was acknowledged survives a power cut.
    db.pragma('synchronous = full');
    if (version === 0) db.exec(`begin immediate; ${SCHEMA} commit`);
  }
  const [check] = z.array(z.object({ quick_check: z.string() })).parse(db.prepare('pragma quick_check(1)').all());
  if (check?.quick_check !== 'ok') throw new EvidenceDamaged(`${path} is damaged: ${check?.quick_check}`);
}

async function loadLibrary(): Promise<typeof Sqlite> {
  try {
    return (await import('libsql')).default;
  } catch (cause) {
    throw new EvidenceUnavailable(
      'the embedded evidence store needs the package libsql, which is not installed for this machine: npm install libsql, or give evidence.database a PostgreSQL',
      { cause },
    );
  }
}

const sentences: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'its disk is full',
  SQLITE_IOERR: 'its disk cannot be read or written',
  SQLITE_READONLY: 'this user may not write there',
  SQLITE_CANTOPEN: 'the file cannot be opened or made',
  SQLITE_BUSY: 'another process writes to it',
};

/** @throws {EvidenceUnavailable} or {EvidenceDamaged} in place of the errors of the library. */
export async function guarded<T>(path: string, work: () => T): Promise<T> {
  try {
    return work();
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined) throw cause;
    if (/^SQLITE_(?:CORRUPT|NOTADB|ERROR)/.test(code))
      throw new EvidenceDamaged(`${path} is damaged: ${code}`, { cause });
    const [base = code] = /^SQLITE_[A-Z]+/.exec(code) ?? [];
    throw new EvidenceUnavailable(`the evidence cannot be kept in ${path}: ${sentences[base] ?? code}`, { cause });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && error.name === 'SqliteError' && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

import { readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { reasonOf, writeWhole } from '../../runtime/state/index.js';
import { type CanaryBook, canaryOfAge, newBook, readBook, withoutLoss, writtenBook } from './canary-book.js';

/** A record that cannot be used. The message names the file and what to do. */
export class CanaryFileError extends Error {
  override readonly name = 'CanaryFileError';
}

const revokedSchema = z.object({ version: z.string(), earliest: z.string(), atMs: z.number() });
/** A version that is revoked for a test, and the oldest that could be decrypted before. */
export type Revoked = z.infer<typeof revokedSchema>;

/** The oldest tested age: a record with a canary of this age is complete. */
const WHOLE_AFTER_DAYS = 90;

/**
 * The state of one provider that must survive a restart: its aged canaries, and whether a version stayed revoked
 * because a test was killed. It is read each time, so that a person may remove it, and replaced atomically.
 */
export class CanaryFile {
  readonly path: string;
  readonly #mayWrite: boolean;

  constructor(path: string, mayWrite = true) {
    this.path = path;
    this.#mayWrite = mayWrite;
  }

  get mayWrite(): boolean {
    return this.#mayWrite;
  }

  /**
   * @returns a new record if there is none. A marker file next to it shows whether there was one before, and the new record says so;
   * to acknowledge the loss, remove the marker. @throws {CanaryFileError}
   */
  async load(nowMs: number): Promise<CanaryBook> {
    const [text, mark] = [await this.#read(this.path), await this.#read(this.markPath)];
    if (text === undefined) return mark === undefined ? newBook : { ...newBook, lostAtMs: nowMs };
    const book = readBook(text);
    if (book === undefined) {
      throw new CanaryFileError(
        `the record of aged canaries in ${this.path} is damaged; remove it and ${this.markPath} to start again`,
      );
    }
    const isOver = mark === undefined || canaryOfAge(book, WHOLE_AFTER_DAYS, nowMs) !== undefined;
    return isOver ? withoutLoss(book) : book;
  }

  /** @throws {CanaryFileError} */
  async save(book: CanaryBook): Promise<void> {
    await this.#write(this.path, writtenBook(book));
    await this.#write(this.markPath, '');
  }

  /**
   * Creates a missing marker: of an older version's record, or after a loss was acknowledged. @throws {CanaryFileError}
   */
  async mark(book: CanaryBook): Promise<void> {
    if ((await this.#read(this.markPath)) === undefined) await this.save(book);
  }

  /** The marker file, which shows that there was a record. */
  get markPath(): string {
    return `${this.path}.kept`;
  }

  /**
   * Called before a version is revoked, so that the next process can restore it after a kill. @throws {CanaryFileError}
   */
  async noteRevoked(revoked: Revoked): Promise<void> {
    await this.#write(this.#revokedPath, JSON.stringify(revoked));
  }

  /** @returns undefined if there is none. @throws {CanaryFileError} */
  async revoked(): Promise<Revoked | undefined> {
    const text = await this.#read(this.#revokedPath);
    return text === undefined ? undefined : revokedSchema.safeParse(parsed(text)).data;
  }

  async noteRestored(): Promise<void> {
    await rm(this.#revokedPath, { force: true });
  }

  get #revokedPath(): string {
    return `${this.path}.revoked`;
  }

  async #read(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw new CanaryFileError(`${path} cannot be read: ${reasonOf(error)}`);
    }
  }

  async #write(path: string, text: string): Promise<void> {
    try {
      await writeWhole(dirname(path), basename(path), text);
    } catch (error) {
      throw new CanaryFileError(`${path} cannot be written: ${reasonOf(error)}`);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

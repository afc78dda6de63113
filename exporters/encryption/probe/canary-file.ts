import { readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { reasonOf, writeWhole } from '../../runtime/state/index.js';
import { type CanaryBook, newBook, readBook, writtenBook } from './canary-book.js';

/** Says which file, and what to do. */
export class CanaryFileTrouble extends Error {
  override readonly name = 'CanaryFileTrouble';
}

const revokedSchema = z.object({ version: z.string(), earliest: z.string(), atMs: z.number() });
/** A version that is revoked for a test, and the oldest that could be decrypted before. */
export type Revoked = z.infer<typeof revokedSchema>;

/**
 * What must be known of one provider after a restart: its aged canaries, and whether a version stayed revoked because
 * whoever tested with it was killed. Read anew each time, so that a person may remove it, and written whole or not at all.
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

  /** @returns a new one where there is none. @throws {CanaryFileTrouble} */
  async load(nowMs: number): Promise<CanaryBook> {
    const text = await this.#read(this.path);
    if (text === undefined) return newBook(nowMs);
    const book = readBook(text);
    if (book !== undefined) return book;
    throw new CanaryFileTrouble(`the record of aged canaries in ${this.path} is damaged; remove it to begin anew`);
  }

  /** @throws {CanaryFileTrouble} */
  async save(book: CanaryBook): Promise<void> {
    await this.#write(this.path, writtenBook(book));
  }

  /** Before a version is revoked, so that whoever comes after a kill can restore it. @throws {CanaryFileTrouble} */
  async noteRevoked(revoked: Revoked): Promise<void> {
    await this.#write(this.#revokedPath, JSON.stringify(revoked));
  }

  /** @returns undefined where none is. @throws {CanaryFileTrouble} */
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
      throw new CanaryFileTrouble(`${path} cannot be read: ${reasonOf(error)}`);
    }
  }

  async #write(path: string, text: string): Promise<void> {
    try {
      await writeWhole(dirname(path), basename(path), text);
    } catch (error) {
      throw new CanaryFileTrouble(`${path} cannot be written: ${reasonOf(error)}`);
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

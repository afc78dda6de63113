import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from './failure.js';

/** Where one part of the pack stores files. Other users cannot read them. */
export interface StateFolder {
  readonly path: string;
  /**
   * Replaces the file atomically: if the process is killed, the previous file stays.
   *
   * @throws {CannotKeepState}
   */
  save(name: string, text: string): Promise<void>;
  /**
   * Other file operations in it. A failure is remembered until the same operation succeeds.
   *
   * @param what identifies the operation.
   * @throws {CannotKeepState}, or errors of the operation that are not from the file system.
   */
  attempt<T>(what: string, work: () => Promise<T>): Promise<T>;
}

/** The message says where, why, and what to do. */
export class CannotKeepState extends Error {
  override readonly name = 'CannotKeepState';
}

/** For commands, which only read, or write files that no exporter writes: without a lock and without checks. */
export function looseFolder(path: string): StateFolder {
  return {
    path,
    async save(name, text) {
      try {
        await writeWhole(path, name, text);
      } catch (error) {
        throw new CannotKeepState(`${join(path, name)} cannot be written: ${reasonOf(error)}`, { cause: error });
      }
    },
    attempt: (_what, work) => work(),
  };
}

/** @throws errors of the file system. */
export async function writeWhole(directory: string, name: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, name);
  const temporary = `${path}.${randomBytes(4).toString('hex')}.new`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      // A full disk may be reported only here, and a power cut could leave an empty file in place of the old one.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

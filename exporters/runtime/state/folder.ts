import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from './failure.js';

/** Where one part of the pack keeps files. Nobody else may read them. */
export interface StateFolder {
  readonly path: string;
  /**
   * Writes whole or not at all: a process that is killed meanwhile leaves the file of before.
   *
   * @throws {CannotKeepState}
   */
  save(name: string, text: string): Promise<void>;
  /**
   * Other work on files in it. A failure is remembered until the same work succeeds.
   *
   * @param what tells one work from another.
   * @throws {CannotKeepState}, or what the work throws that is not of the file system.
   */
  attempt<T>(what: string, work: () => Promise<T>): Promise<T>;
}

/** The message says where, why, and what to do. */
export class CannotKeepState extends Error {
  override readonly name = 'CannotKeepState';
}

/** For commands, which only look, or keep what no exporter writes: held by nobody and watched by nothing. */
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

/** @throws what the file system says. */
export async function writeWhole(directory: string, name: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, name);
  const temporary = `${path}.${randomBytes(4).toString('hex')}.new`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      // A full disk may say so only here, and a power cut would leave an empty file in the place of the old one.
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

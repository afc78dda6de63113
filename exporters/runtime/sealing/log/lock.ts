import { reasonOf } from '../../state/index.js';
import { type DirectoryLock, DirectoryTaken, LockUnreadable, lockDirectory, SILENCE_MS } from '../../state/lock.js';
import { SealHeld, SealUnavailable } from '../errors.js';

/**
 * One sealer at a time for a log. It is a lease: the holder renews it, and loses it after a silence. The advisory lock in
 * the database is the second guard. A sealer takes that one first, so a clock that jumps makes no second sealer.
 */
export interface LogLock {
  /** @throws {SealHeld} when it is no longer ours. @throws {SealUnavailable} when nobody can tell. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** @throws {SealUnavailable} when another sealer holds the directory. */
export async function lockLog(directory: string): Promise<LogLock> {
  const lock = await held(directory);
  return {
    async check() {
      const isOurs = await lock.isOurs().catch((error: unknown) => {
        throw new SealUnavailable(`the lock ${lock.path} cannot be read: ${reasonOf(error)}`, { cause: error });
      });
      if (isOurs) return;
      throw new SealHeld(`the lock ${lock.path} was taken away; another sealer may be at work in ${directory}`);
    },
    release: () => lock.release(),
  };
}

async function held(directory: string): Promise<DirectoryLock> {
  try {
    return await lockDirectory(directory);
  } catch (error) {
    if (error instanceof LockUnreadable) throw new SealUnavailable(error.message, { cause: error });
    if (!(error instanceof DirectoryTaken)) throw error;
    const { holder, path } = error;
    throw new SealHeld(
      holder === undefined
        ? error.message
        : `another sealer (process ${holder.pid} on ${holder.host}) holds ${path}; stop it, or give this one a directory of its own. ` +
            `A host that died loses the lock ${SILENCE_MS / 1000} s after its last sign of life`,
    );
  }
}

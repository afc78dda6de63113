import { setTimeout as sleep } from 'node:timers/promises';
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

/**
 * Longer than an entry takes from the last question whether the lock is still ours to its end on the disk. A sealer that takes the lock
 * from a silent host waits for this long: that host may be in the middle of one, and what it writes must be read, not removed.
 */
const FINISH_MS = 3_000;

/** @throws {SealUnavailable} when another sealer holds the directory. */
export async function lockLog(directory: string): Promise<LogLock> {
  const lock = await held(directory);
  const locked: LogLock = {
    async check() {
      const isOurs = await lock.isOurs().catch((error: unknown) => {
        throw new SealUnavailable(`the lock ${lock.path} cannot be read: ${reasonOf(error)}`, { cause: error });
      });
      if (isOurs) return;
      throw new SealHeld(`the lock ${lock.path} was taken away; another sealer may be at work in ${directory}`);
    },
    release: () => lock.release(),
  };
  if (lock.wasSilent) {
    await sleep(FINISH_MS);
    await locked.check();
  }
  return locked;
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

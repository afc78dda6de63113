import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Shard } from '../shard.js';
import { taken } from './held-folder.js';
import { type DirectoryLock, lockDirectory } from './lock.js';
import { isNamed, type StatePlace } from './place.js';

/**
 * For an exporter that keeps nothing: one process at a time may run it on a state directory that somebody named, because a
 * second one there was started by mistake and would measure everything twice. Each shard may have one. On the default
 * directory nothing is claimed: nobody chose it, and each process of a user has the same.
 *
 * @returns the claim; undefined where none is needed, or none can be made, as on a read-only file system. Nothing would be lost there.
 * @throws {StateTaken}
 */
export async function claimPlace(
  place: StatePlace,
  exporter: string,
  { index, count }: Shard,
): Promise<DirectoryLock | undefined> {
  if (!isNamed(place.from)) return undefined;
  const folder = join(place.directory, exporter, ...(count === 1 ? [] : [`shard-${index}-of-${count}`]));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await lockDirectory(folder);
  } catch (error) {
    const refusal = taken(
      error,
      (who) => `${who} runs ${exporter} on ${folder}, and two would measure everything twice`,
    );
    if (refusal !== undefined) throw refusal;
    return undefined;
  }
}

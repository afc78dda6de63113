import { join } from 'node:path';
import { z } from 'zod';
import { kopCall } from '../../runtime/call.js';
import { SealRefused } from '../../runtime/sealing/errors.js';
import type { Disk } from '../../runtime/sealing/log/disk.js';
import type { ChunkFailure } from './verify-rows.js';

/** A failure as it is kept over a restart: without the keys of its rows, of which there can be millions. */
const failedChunk = z.object({
  kind: z.enum(['chunk', 'missing']),
  seq: z.int().nonnegative(),
  sealedAt: z.string(),
  expected: z.int().nonnegative(),
  found: z.int().nonnegative(),
});
const failedChunks = z.array(failedChunk);
export type FailedChunk = Readonly<z.infer<typeof failedChunk>>;

/** Chunks whose rows the rolling verification last found to differ; none when it never kept any. */
export async function readFailedChunks(disk: Disk, directory: string): Promise<readonly FailedChunk[]> {
  const path = pathIn(directory);
  const text = await disk.readText(path);
  if (text === undefined) return [];
  try {
    return failedChunks.parse(JSON.parse(text));
  } catch (cause) {
    // The file is replaced as a whole, so no crash leaves half of it. Beginning without it would silently end an alarm.
    throw new SealRefused(
      'missing',
      `the list of chunks that failed, ${path}, is damaged; put it back from a backup, or remove it after ${kopCall()} audit verify --full`,
      { cause },
    );
  }
}

export async function writeFailedChunks(
  disk: Disk,
  directory: string,
  failures: readonly ChunkFailure[],
): Promise<void> {
  const kept = failures.map(({ kind, seq, sealedAt, expected, found }) => ({ kind, seq, sealedAt, expected, found }));
  await disk.replace(pathIn(directory), `${JSON.stringify(kept)}\n`);
}

function pathIn(directory: string): string {
  return join(directory, 'failed.json');
}

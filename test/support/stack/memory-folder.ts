import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Linux's own file system in memory. */
const MEMORY = '/dev/shm';
/** A run that keeps its files there needs a sixth of it at most. */
const ROOM_BYTES = 6 * 1024 ** 3;

/**
 * Where files are kept in memory, when there is room for those of a run and programs can be started from there.
 *
 * Creating a database means creating 300 files, which on a disk can cost fifteen times as much processor time. Containers
 * often have 64 MB there, or forbid programs; the disk is used then.
 */
export function memoryFolder(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    const hasRoom = bavail * bsize >= ROOM_BYTES && process.availableMemory() >= ROOM_BYTES;
    return hasRoom && startsPrograms(MEMORY) ? MEMORY : undefined;
  } catch {
    return undefined;
  }
}

function startsPrograms(parent: string): boolean {
  const folder = mkdtempSync(join(parent, 'kop-try-'));
  try {
    const program = join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
    return spawnSync(program).status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

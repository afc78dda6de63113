import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryFolder } from './memory-folder.js';
import { type ProcessInfo, processesAbout } from './processes.js';

/** Watchdogs take a moment to notice that the process they guard for is gone. */
const PATIENCE_MS = 15_000;

let outer: string | undefined;
let folder = '';

/**
 * Gives the run a temp folder of its own. Whatever it starts has that folder in its environment, command line or
 * working directory, and is found by it afterwards: a test that leaves a process (and with it a port) behind fails
 * the run, however many others run on the same machine. It is in memory where there is room, unless `TMPDIR` names a place.
 */
export function setup(): void {
  outer = process.env.TMPDIR;
  const parent = outer ? tmpdir() : (memoryFolder() ?? tmpdir());
  folder = mkdtempSync(join(parent, 'kop-test-'));
  // PostgreSQL may run as another user, who has to get through.
  chmodSync(folder, 0o711);
  process.env.TMPDIR = folder;
}

export async function teardown(): Promise<void> {
  if (outer === undefined) {
    delete process.env.TMPDIR;
  } else {
    process.env.TMPDIR = outer;
  }
  const left = await stillThere();
  for (const { pid } of left) {
    process.kill(pid, 'SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  if (left.length > 0) {
    // Vitest prints what a teardown throws, and still ends with 0.
    process.exitCode = 1;
    const list = left.map(({ pid, command }) => `  ${pid}  ${command.slice(0, 160)}`).join('\n');
    throw new Error(`tests left ${left.length} processes behind (now killed):\n${list}`);
  }
}

async function stillThere(): Promise<readonly ProcessInfo[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    // Vitest's own workers end after this.
    const left = processesAbout(folder).filter(({ pid, parent }) => pid !== process.pid && parent !== process.pid);
    if (left.length === 0 || Date.now() > deadline) {
      return left;
    }
    await sleep(200);
  }
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** Whether this user may mount: root outside most containers. */
export const canMount = process.platform === 'linux' && tryMount();

function tryMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'kop-mount-'));
  const isMounted = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return isMounted;
}

function mount(...args: readonly string[]): boolean {
  return spawnSync('mount', args).status === 0;
}

/**
 * A file system of its own, gone with the test.
 *
 * @param options of `mount`, such as `size=64k`.
 */
export function mounted(options: string): { readonly path: string; remount(options: string): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'kop-disk-'));
  if (!mount('-t', 'tmpfs', '-o', options, 'tmpfs', path)) throw new Error('cannot mount');
  onTestFinished(() => {
    spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  });
  return {
    path,
    async remount(changed) {
      // Busy while a file is open for writing.
      for (let tries = 0; !mount('-o', `remount,${changed}`, path); tries += 1) {
        if (tries === 100) throw new Error('cannot remount');
        await sleep(20);
      }
    },
  };
}

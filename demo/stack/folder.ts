import { chmod, mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface RunFolder {
  readonly path: string;
  readonly isTemporary: boolean;
  remove(): Promise<void>;
}

/** Where a run keeps everything: the given folder, which stays, or a fresh one below `.kop` that goes with the run. */
export async function claimFolder(given: string | undefined): Promise<RunFolder> {
  if (given !== undefined) {
    const path = resolve(given);
    await mkdir(path, { recursive: true });
    return { path, isTemporary: false, remove: async () => undefined };
  }
  const path = await fresh();
  return {
    path,
    isTemporary: true,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      // Also the folder around it, unless somebody else keeps something there.
      await rmdir(dirname(path)).catch(() => undefined);
    },
  };
}

async function fresh(): Promise<string> {
  try {
    const parent = resolve('.kop');
    await mkdir(parent, { recursive: true });
    return await mkdtemp(join(parent, 'demo-'));
  } catch {
    // A folder that is not ours to write in, such as a global installation's.
    const parent = await mkdtemp(join(tmpdir(), 'kop-'));
    await chmod(parent, 0o700);
    return mkdtemp(join(parent, 'demo-'));
  }
}

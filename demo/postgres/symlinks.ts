import { lstat, readFile, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { codeOfError } from './errors.js';

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages cannot hold symbolic links, so the binaries ship a list of them that a postinstall script works off.
 * npm may be told not to run install scripts (npm 11 can do so by default), so we make the missing links on demand.
 *
 * @returns false when a link is missing and this user may not create it here
 */
export async function ensureLibraryLinks(nativeDir: string): Promise<boolean> {
  for (const { source, target } of await listedLinks(nativeDir)) {
    const from = inside(nativeDir, source);
    const to = inside(nativeDir, target);
    if (!from || !to || (await exists(to))) {
      continue;
    }
    try {
      await symlink(relative(dirname(to), from), to);
    } catch (error) {
      // EEXIST: another process made the same link a moment earlier.
      if (codeOfError(error) !== 'EEXIST') {
        return false;
      }
    }
  }
  return true;
}

async function listedLinks(nativeDir: string): Promise<z.infer<typeof linkList>> {
  try {
    return linkList.parse(JSON.parse(await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8')));
  } catch (error) {
    // Platforms without links (Windows) have no list.
    if (codeOfError(error) === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

// The list names paths from the package root ("native/lib/…"); the folder itself may have been copied elsewhere.
function inside(nativeDir: string, listed: string): string | undefined {
  const path = resolve(nativeDir, relative('native', listed));
  const step = relative(nativeDir, path);
  return step.startsWith('..') || isAbsolute(step) ? undefined : path;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

import { chmod, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOfError, DemoPostgresError, USE_YOUR_OWN_SERVER } from './errors.js';
import { ensureLibraryLinks } from './symlinks.js';

const WRITABLE_BY_OTHERS = 0o022;

/**
 * A copy of the server binaries that every user of the machine may read, made once and kept below the temp folder.
 *
 * Needed when the checkout itself is out of reach for the user the server runs as (a clone under /root), or when its
 * library links are missing and the folder is read-only. Safe when several processes do it at once: each copies under
 * a name of its own and renames; a loser throws its copy away.
 */
export async function sharedCopy(nativeDir: string, name: string): Promise<string> {
  const owner = process.getuid?.();
  const final = join(tmpdir(), owner === undefined ? name : `${name}-uid${owner}`);
  if (await isOurs(final, owner)) {
    if (await isComplete(nativeDir, final)) {
      return final;
    }
    // Temp cleaners take single old files; a half-empty copy fails in ways nobody can guess.
    await setAside(final);
  }
  const fresh = await mkdtemp(`${final}.`);
  await cp(nativeDir, fresh, { recursive: true, verbatimSymlinks: true });
  await ensureLibraryLinks(fresh);
  await openForReading(fresh);
  try {
    await rename(fresh, final);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const code = codeOfError(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') {
      throw error;
    }
    // The rename lost: either a twin of this process won, or the name belongs to somebody else.
    if (!(await isOurs(final, owner))) {
      throw untrusted(final);
    }
  }
  return final;
}

/** Our directory, nobody else able to write into it. Anything else under that name is refused, never used. */
async function isOurs(path: string, owner: number | undefined): Promise<boolean> {
  try {
    const found = await lstat(path);
    const trusted = found.isDirectory() && (owner === undefined || found.uid === owner);
    if (!trusted || (owner !== undefined && (found.mode & WRITABLE_BY_OTHERS) !== 0)) {
      throw untrusted(path);
    }
    return true;
  } catch (error) {
    if (codeOfError(error) === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

function untrusted(path: string): DemoPostgresError {
  return new DemoPostgresError(
    'KOP_DEMO_CACHE_UNTRUSTED',
    `${path} exists but is not a folder that only this user can write, so server binaries in it cannot be trusted.`,
    `Remove it, or set TMPDIR to a folder of your own. ${USE_YOUR_OWN_SERVER}`,
  );
}

async function isComplete(source: string, copy: string): Promise<boolean> {
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) {
      continue;
    }
    const from = join(entry.parentPath, entry.name);
    const to = join(copy, from.slice(source.length));
    const [a, b] = await Promise.all([lstat(from), lstat(to).catch(() => undefined)]);
    if (a.size !== b?.size) {
      return false;
    }
  }
  return ensureLibraryLinks(copy);
}

async function setAside(path: string): Promise<void> {
  const aside = await mkdtemp(`${path}.old.`);
  await rename(path, join(aside, 'native')).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
}

// Whatever umask the installer had, the other user needs to read; nobody but the owner may write.
async function openForReading(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) {
      continue;
    }
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    await chmod(path, entry.isDirectory() || (mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}

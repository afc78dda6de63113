import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode, SealUnavailable } from './errors.js';

/**
 * One sealer at a time for a directory. Node has no flock, so the holder is named in a file: process, its start time
 * and the boot, which together survive neither kill -9 nor a reboot nor the reuse of a process id. The advisory lock
 * in the database is the second guard, and the only one that reaches across hosts.
 */
export interface DirectoryLock {
  /** @throws {SealUnavailable} when it is no longer ours. */
  check(): Promise<void>;
  release(): Promise<void>;
}

const holderFile = z.object({
  pid: z.int().positive(),
  started: z.string(),
  boot: z.string(),
  host: z.string(),
  nonce: z.string(),
});
type Holder = z.infer<typeof holderFile>;

export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  const nonce = randomUUID();
  const mine: Holder = { ...(await describe(process.pid)), nonce };
  const own = `${path}.${nonce}`;
  await writeFile(own, JSON.stringify(mine), { mode: 0o600 });
  try {
    await take(path, own);
  } finally {
    await rm(own, { force: true });
  }
  const isMine = async () => (await holderOf(path))?.nonce === nonce;
  const lock = {
    async check() {
      if (!(await isMine())) {
        throw new SealUnavailable(`the lock ${path} was taken away; another sealer may be at work in ${directory}`);
      }
    },
    async release() {
      if (await isMine()) await rm(path, { force: true });
    },
  };
  return lock;
}

async function take(path: string, own: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await linked(own, path)) return;
    const holder = await holderOf(path);
    if (holder !== undefined && (await isAlive(holder))) {
      throw new SealUnavailable(
        `another sealer (process ${holder.pid} on ${holder.host}) holds ${path}; stop it, or give this one a directory of its own`,
      );
    }
    await setAside(path, holder?.nonce);
  }
  throw new SealUnavailable(`the lock ${path} could not be taken; another process is taking it at the same time`);
}

/** Moves a dead holder's lock away. If in that moment a live one took its place, that one is put back. */
async function setAside(path: string, expected: string | undefined): Promise<void> {
  const aside = `${path}.dead-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await holderOf(aside);
  if (moved !== undefined && moved.nonce !== expected) await linked(aside, path);
  await rm(aside, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return holderFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  // On a shared volume nothing can be known of a process elsewhere; it counts as alive.
  if (holder.host !== hostname()) return true;
  const now = await describe(holder.pid);
  if (holder.boot !== now.boot) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  return holder.started === now.started;
}

async function describe(pid: number): Promise<Omit<Holder, 'nonce'>> {
  const [boot, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ]);
  // The 22nd field; the second is the program's name in brackets and may hold anything.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, started, boot: boot.trim(), host: hostname() };
}

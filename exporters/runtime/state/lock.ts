import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from './failure.js';

/**
 * One process at a time for a directory. Node has no flock, so the holder is named in a file: process, its start time
 * and the boot, which together survive neither kill -9 nor a reboot nor the reuse of a process id.
 */
export interface DirectoryLock {
  readonly path: string;
  /** Whether it is still ours; somebody may have removed the file, or the whole directory. */
  isOurs(): Promise<boolean>;
  release(): Promise<void>;
}

/** Another live process holds the directory. */
export class DirectoryTaken extends Error {
  override readonly name = 'DirectoryTaken';
  readonly path: string;
  readonly holder: Holder | undefined;

  constructor(path: string, holder: Holder | undefined) {
    super(
      holder === undefined
        ? `the lock ${path} could not be taken; another process is taking it at the same time`
        : `process ${holder.pid} on ${holder.host} holds ${path}`,
    );
    this.path = path;
    this.holder = holder;
  }
}

const FILE = 'lock';
/** Nothing can be known of a process on another host, such as a container that was killed, but that it stopped this. */
const SIGN_OF_LIFE_EVERY_MS = 15_000;
const SIGNS_MISSED = 6;

export const processIdentity = z.object({
  pid: z.int().positive(),
  started: z.string(),
  boot: z.string(),
  host: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentity>;

const holderFile = processIdentity.extend({ nonce: z.string() });
export type Holder = z.infer<typeof holderFile>;

/** @throws {DirectoryTaken}, or what the file system says. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, FILE);
  const nonce = randomUUID();
  const mine: Holder = { ...(await describeProcess(process.pid)), nonce };
  const own = `${path}.${nonce}`;
  await writeFile(own, JSON.stringify(mine), { mode: 0o600 });
  try {
    await take(path, own);
  } finally {
    await rm(own, { force: true });
  }
  const isOurs = async () => (await holderOf(path))?.nonce === nonce;
  const timer = setInterval(() => void sayAlive(path, isOurs), SIGN_OF_LIFE_EVERY_MS);
  timer.unref();
  return {
    path,
    isOurs,
    async release() {
      clearInterval(timer);
      if (await isOurs()) await rm(path, { force: true });
    },
  };
}

async function sayAlive(path: string, isOurs: () => Promise<boolean>): Promise<void> {
  const now = new Date();
  if (await isOurs()) await utimes(path, now, now).catch(() => undefined);
}

/** The live process that holds the directory. */
export async function liveHolder(directory: string): Promise<Holder | undefined> {
  const holder = await holderOf(join(directory, FILE));
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

async function take(path: string, own: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await linked(own, path)) return;
    const holder = await holderOf(path);
    if (holder !== undefined && (await isAlive(holder)) && !(await isSilent(holder, path, own))) {
      throw new DirectoryTaken(path, holder);
    }
    await setAside(path, holder?.nonce);
  }
  throw new DirectoryTaken(path, undefined);
}

/** By the clock of the file system that both files are on: hosts may disagree. */
async function isSilent(holder: Holder, path: string, own: string): Promise<boolean> {
  if (holder.host === hostname()) return false;
  const [theirs, ours] = await Promise.all([stat(path).catch(() => undefined), stat(own)]);
  return theirs === undefined || ours.mtimeMs - theirs.mtimeMs > SIGNS_MISSED * SIGN_OF_LIFE_EVERY_MS;
}

/** Moves a dead holder's lock away. If in that moment a live one took its place, that one is put back. */
async function setAside(path: string, expected: string | undefined): Promise<void> {
  const aside = `${path}.dead-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
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
    if (codeOf(error) === 'EEXIST') return false;
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

/** @param holder as a process describes itself, see {@link describeProcess}. */
export async function isAlive(holder: ProcessIdentity): Promise<boolean> {
  // On a shared volume nothing can be known of a process elsewhere; it counts as alive while it gives signs of life.
  if (holder.host !== hostname()) return true;
  const now = await describeProcess(holder.pid);
  if (holder.boot !== now.boot) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
  return holder.started === now.started;
}

/** What tells this process from a later one with the same id. */
export async function describeProcess(pid: number): Promise<ProcessIdentity> {
  const [boot, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ]);
  // The 22nd field; the second is the program's name in brackets and may hold anything.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, started, boot: boot.trim(), host: hostname() };
}

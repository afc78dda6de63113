import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../error-code.js';

/**
 * One process at a time for a directory. Node has no flock, so a file names the holder: process id, start time and boot
 * id. Together these become invalid after kill -9, after a reboot, and when a process id is reused.
 */
export interface DirectoryLock {
  readonly path: string;
  /** It was taken from a holder on another host that gave no sign of life: that one may be alive, and about to write. */
  readonly wasSilent: boolean;
  /**
   * Whether this process still holds it; the file or the directory may have been removed.
   *
   * @throws errors of the file system when it cannot be read: then this is unknown, and the lock is not lost.
   */
  isOurs(): Promise<boolean>;
  /** Never throws. If the file cannot be removed, this process can still take the lock again. */
  release(): Promise<void>;
}

/** The lock of another user, or not a file. The holder is unknown, so the lock must not be taken over. */
export class LockUnreadable extends Error {
  override readonly name = 'LockUnreadable';

  constructor(path: string, cause: unknown) {
    super(
      `the lock ${path} cannot be read (${errorCode(cause)}), so it is unknown whether another exporter keeps its state ` +
        'there, such as one of another user; stop that one, or remove the lock when none runs',
      { cause },
    );
  }
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
/**
 * The state of a process on another host, such as a killed container, is unknown, except that it no longer renews this.
 */
const SIGN_OF_LIFE_EVERY_MS = 15_000;
const SIGNS_MISSED = 6;
/** After so long without a sign of life, a holder on another host counts as dead. */
export const SILENCE_MS: number = SIGNS_MISSED * SIGN_OF_LIFE_EVERY_MS;

export const processIdentity = z.object({
  pid: z.int().positive(),
  started: z.string(),
  boot: z.string(),
  host: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentity>;

const holderFile = processIdentity.extend({ nonce: z.string() });
export type Holder = z.infer<typeof holderFile>;

/** The locks that this process holds. A lock of this process that is not among them could not be removed earlier. */
const held = new Set<string>();

/** @throws {DirectoryTaken | LockUnreadable}, or errors of the file system. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, FILE);
  const nonce = randomUUID();
  const mine: Holder = { ...(await describeProcess(process.pid)), nonce };
  const own = `${path}.${nonce}`;
  let wasSilent: boolean;
  held.add(nonce);
  try {
    await writeFile(own, JSON.stringify(mine), { mode: 0o600 });
    wasSilent = await take(path, own, mine);
  } catch (error) {
    held.delete(nonce);
    throw error;
  } finally {
    // The lock is decided at this point; this temporary name no longer matters.
    await rm(own, { force: true }).catch(() => undefined);
  }
  const isOurs = async () => {
    const found = await holderOf(path);
    return typeof found === 'object' && found.nonce === nonce;
  };
  const timer = setInterval(() => void sayAlive(path, nonce).catch(() => undefined), SIGN_OF_LIFE_EVERY_MS);
  timer.unref();
  return {
    path,
    wasSilent,
    isOurs,
    async release() {
      clearInterval(timer);
      held.delete(nonce);
      if (await isOurs().catch(() => false)) await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/**
 * Writes what is there already, so that the file system sets the time: our own clock may be wrong, or jump, and a holder
 * would seem dead. What another process put in its place meanwhile is another file, which this one does not touch.
 */
async function sayAlive(path: string, nonce: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const text = await file.readFile('utf8');
    if (parsed(text)?.nonce === nonce) await file.write(text.slice(0, 1), 0);
  } finally {
    await file.close();
  }
}

/** The live process that holds the directory. */
export async function liveHolder(directory: string): Promise<Holder | undefined> {
  const holder = await holderOf(join(directory, FILE));
  return typeof holder === 'object' && (await isAlive(holder)) ? holder : undefined;
}

/** @returns whether it was taken from a holder that is only silent. */
async function take(path: string, own: string, mine: Holder): Promise<boolean> {
  let wasSilent = false;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await linked(own, path)) return wasSilent;
    const holder = await holderOf(path);
    if (holder === 'absent') continue;
    if (holder === 'invalid') {
      await setAside(path, undefined);
      continue;
    }
    const isLeftOver = isSameProcess(holder, mine) && !held.has(holder.nonce);
    if (!isLeftOver && (await isAlive(holder))) {
      if (!(await isSilent(holder, path, own))) throw new DirectoryTaken(path, holder);
      wasSilent = true;
    }
    await setAside(path, holder.nonce);
  }
  throw new DirectoryTaken(path, undefined);
}

function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.started === other.started && one.boot === other.boot && one.host === other.host;
}

/** By the clock of the file system of both files, because the clocks of hosts may differ. */
async function isSilent(holder: Holder, path: string, own: string): Promise<boolean> {
  if (holder.host === hostname()) return false;
  const [theirs, ours] = await Promise.all([stat(path).catch(undefinedIfAbsent), stat(own)]);
  return theirs === undefined || ours.mtimeMs - theirs.mtimeMs > SILENCE_MS;
}

/** Moves the lock of a dead holder away. If a live holder replaced it at that moment, its lock is put back. */
async function setAside(path: string, expected: string | undefined): Promise<void> {
  const aside = `${path}.dead-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await holderOf(aside).catch(() => undefined);
  const isExpected = moved === 'invalid' || moved === 'absent' || (moved !== undefined && moved.nonce === expected);
  if (!isExpected) await linked(aside, path);
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

/**
 * `invalid`: not a valid lock, such as an empty file after a power cut.
 *
 * @throws {LockUnreadable}, or errors of the file system, such as no free file descriptor.
 */
async function holderOf(path: string): Promise<Holder | 'absent' | 'invalid'> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (isAbsence(code)) return 'absent';
    throw forbidden.has(code) ? new LockUnreadable(path, error) : error;
  }
  return parsed(text) ?? 'invalid';
}

function parsed(text: string): Holder | undefined {
  try {
    return holderFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const forbidden: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EISDIR', 'ELOOP']);

function undefinedIfAbsent(error: unknown): undefined {
  if (!isAbsence(errorCode(error) ?? '')) throw error;
  return undefined;
}

function isAbsence(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** @param holder as a process describes itself, see {@link describeProcess}. */
export async function isAlive(holder: ProcessIdentity): Promise<boolean> {
  // On a shared volume the state of a process on another host is unknown; it counts as alive while it renews its lock.
  if (holder.host !== hostname()) return true;
  if (holder.boot !== (await bootId())) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  const started = await startOf(holder.pid);
  // If /proc is hidden, a process of another user cannot be distinguished from a later one.
  return started === undefined || holder.started === started;
}

/** Distinguishes this process from a later one with the same id. */
export async function describeProcess(pid: number): Promise<ProcessIdentity> {
  const [boot, started = ''] = await Promise.all([bootId(), startOf(pid)]);
  return { pid, started, boot, host: hostname() };
}

/** Empty if the system has none. */
async function bootId(): Promise<string> {
  return (await textOf('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';
}

async function startOf(pid: number): Promise<string | undefined> {
  const stat = await textOf(`/proc/${pid}/stat`);
  // The 22nd field; the second is the program's name in parentheses and may contain anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/**
 * @returns undefined if there is none, or none for this user.
 * @throws when this process cannot read at present. A lock without it would name no process, and the next process would
 * treat it as   the lock of a dead one.
 */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

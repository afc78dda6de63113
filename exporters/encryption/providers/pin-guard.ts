import { randomBytes, scryptSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { ourFaultOf } from '../../runtime/portal/http/failure.js';
import { type DirectoryLock, DirectoryTaken, LockUnreadable, lockDirectory } from '../../runtime/state/index.js';
import { ExporterFault, ProviderFailure } from './failure.js';

/** A token counts refused PINs, and after a few in a row it locks, for the portal as well. */
const RETRY_AFTER_MS = 3_600_000;

/** The token was not called, or has refused: do not retry at once. */
export class PinRefused extends ProviderFailure {
  constructor(detail: string) {
    super('auth', detail);
  }
}

/** Another process of the exporter uses the token exclusively: it was not called. */
export class TokenBusy extends ExporterFault {
  constructor(detail: string) {
    super('internal', detail);
  }
}

interface TokenInfo {
  readonly label: string;
  readonly serialNumber: string;
  readonly flags: number;
}

interface PinFlags {
  readonly CKF_USER_PIN_FINAL_TRY: number;
  readonly CKF_USER_PIN_LOCKED: number;
}

const KEY_FILE = 'key';
const KEY_BYTES = 32;
const DIGEST_BYTES = 32;
const LOCK_POLL_MS = 20;
/** Default wait. Less than the time limit of an operation; otherwise the wait would count as the token's time. */
const LOCK_WAIT_MS = 1000;
/** About 50 ms: a PIN is short, and an attacker who can read the digest can also read the key next to it. */
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 };

/**
 * Whether a PIN may be tried. It stores refused PINs as keyed digests, one file each, so that neither a restart nor a
 * reload nor another provider on the same token tries them again. If nothing can be stored, only this process remembers
 * them.
 */
export class PinGuard {
  readonly #folder: string | undefined;
  /** By digest, when it was refused. */
  readonly #refused = new Map<string, number>();
  readonly #waitMs: number;
  #key: Buffer | undefined;

  /**
   * @param folder shared by all who use a token; absent where nothing is kept.
   * @param waitMs how long to wait for another process that logs in.
   */
  constructor(folder?: string, waitMs = LOCK_WAIT_MS) {
    this.#folder = folder;
    this.#waitMs = waitMs;
  }

  /**
   * Runs work exclusively for this folder: otherwise two processes could try the same wrong PIN at the same time.
   *
   * @param work checks a PIN, tries it, and notes a refusal.
   */
  async alone<T>(work: () => T): Promise<T> {
    const lock = await this.#lock();
    try {
      return work();
    } finally {
      await lock?.release();
    }
  }

  /**
   * @returns undefined if nothing can be stored: then processes cannot wait for each other.
   * @throws {TokenBusy} when the holder is alive and does not finish, or its state is unknown.
   */
  async #lock(): Promise<DirectoryLock | undefined> {
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    quietly(() => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    const startedAt = performance.now();
    for (;;) {
      try {
        return await lockDirectory(folder);
      } catch (error) {
        if (error instanceof LockUnreadable) throw new TokenBusy(error.message);
        if (ourFaultOf(error, 'this machine') !== undefined) throw error;
        if (!(error instanceof DirectoryTaken)) return undefined;
        if (performance.now() - startedAt > this.#waitMs) throw new TokenBusy(`${error.message}, to log in to a token`);
        await pause(LOCK_POLL_MS);
      }
    }
  }

  /** @throws {PinRefused} when this PIN must not be tried now, with the reason. */
  check(pin: string, token: TokenInfo, flags: PinFlags): void {
    if ((token.flags & flags.CKF_USER_PIN_LOCKED) !== 0) {
      throw new PinRefused('the token says that its PIN is locked; it has to be unlocked by its security officer');
    }
    if ((token.flags & flags.CKF_USER_PIN_FINAL_TRY) !== 0) {
      throw new PinRefused(
        'the token says that the next wrong PIN locks it, so none is tried; log in once with the right one by other means',
      );
    }
    this.#read();
    if (this.#refused.size === 0) return;
    const digest = this.#digest(pin, token);
    const atMs = this.#refused.get(digest);
    if (atMs === undefined) return;
    throw new PinRefused(
      `the token refused this PIN at ${new Date(atMs).toISOString()}; it is tried again an hour later, and another PIN at once`,
    );
  }

  refused(pin: string, token: TokenInfo): void {
    this.#note(this.#digest(pin, token), Date.now());
  }

  /** Reads the notes of other processes, and forgets PINs that may be tried again. */
  #read(): void {
    for (const name of this.#files()) {
      const notedMs = this.#notedMs(name);
      if (notedMs !== undefined) this.#refused.set(name, notedMs);
    }
    for (const [digest, atMs] of this.#refused) {
      if (Date.now() - atMs < RETRY_AFTER_MS) continue;
      this.#refused.delete(digest);
      if (this.#folder !== undefined) quietly(() => rmSync(join(this.#folder ?? '', digest), { force: true }));
    }
  }

  /** The time of an unreadable or truncated note is when it was written, so that it expires like any other. */
  #notedMs(name: string): number | undefined {
    const path = join(this.#folder ?? '', name);
    const readMs = Number(quietly(() => readFileSync(path, 'utf8')));
    const atMs = Number.isFinite(readMs) && readMs > 0 ? readMs : quietly(() => statSync(path).mtimeMs);
    if (atMs === undefined || atMs <= Date.now()) return atMs;
    // The clock was set back: what is left of the hour is not known, and is at most an hour from when we first saw
    // that.
    const seenMs = this.#refused.get(name);
    if (seenMs !== undefined && seenMs <= Date.now()) return seenMs;
    const now = Date.now();
    this.#note(name, now);
    return now;
  }

  #files(): readonly string[] {
    const folder = this.#folder;
    const names = folder === undefined ? undefined : quietly(() => readdirSync(folder));
    return (names ?? []).filter((name) => /^[0-9a-f]{64}$/.test(name));
  }

  #note(digest: string, atMs: number): void {
    this.#refused.set(digest, atMs);
    const folder = this.#folder;
    if (folder === undefined) return;
    quietly(() => writeFileSync(join(folder, digest), String(atMs), { mode: 0o600 }));
  }

  /** Includes the token, because a newly created token has refused nothing yet. */
  #digest(pin: string, { label, serialNumber }: TokenInfo): string {
    const salt = Buffer.concat([this.#ownKey(), Buffer.from(`${label}\0${serialNumber}`)]);
    return scryptSync(pin, salt, DIGEST_BYTES, SCRYPT).toString('hex');
  }

  #ownKey(): Buffer {
    this.#key ??= this.#folder === undefined ? randomBytes(KEY_BYTES) : sharedKey(this.#folder);
    return this.#key;
  }
}

/** Created when it is first needed. */
function sharedKey(folder: string): Buffer {
  const path = join(folder, KEY_FILE);
  const made = randomBytes(KEY_BYTES);
  quietly(() => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  quietly(() => writeFileSync(path, made, { mode: 0o600, flag: 'wx' }));
  const read = quietly(() => readFileSync(path));
  if (read?.length === KEY_BYTES) return read;
  // Truncated by a full disk: notes that were made with it can no longer be read.
  quietly(() => writeFileSync(path, made, { mode: 0o600 }));
  return made;
}

/** An unusable state directory is reported elsewhere, and must not prevent measuring the token. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

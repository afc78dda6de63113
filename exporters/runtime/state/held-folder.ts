import { mkdir } from 'node:fs/promises';
import { errorCode } from '../error-code.js';
import type { Logger } from '../log.js';
import { reasonOf } from './failure.js';
import { CannotKeepState, type StateFolder, writeWhole } from './folder.js';
import { type DirectoryLock, DirectoryTaken, LockUnreadable, lockDirectory } from './lock.js';
import { HOW_TO_CHOOSE_A_PLACE, type StatePlace } from './place.js';

/** Another exporter stores its state there: the two would overwrite each other's files. The message says what to do. */
export class StateTaken extends Error {
  override readonly name = 'StateTaken';
}

/** @param what with the other process in it; it completes "…; stop it, or give this one a directory of its own". */
export function taken(error: unknown, what: (who: string) => string): StateTaken | undefined {
  if (error instanceof LockUnreadable) return new StateTaken(error.message, { cause: error });
  if (!(error instanceof DirectoryTaken)) return undefined;
  const { holder } = error;
  const who = holder === undefined ? 'another exporter' : `another exporter (process ${holder.pid} on ${holder.host})`;
  return new StateTaken(`${what(who)}; stop it, or give this one a directory of its own with --state-directory`, {
    cause: error,
  });
}

const CHECK_FILE = 'check';
/** More than a file system stores within the directory entry, so that a full disk is detected. */
const CHECK_BYTES = 4096;
const THE_FOLDER = 'the folder';
/** A failure that was not retried, such as for a column that is no longer described, is forgotten after this time. */
const FORGOTTEN_AFTER_MS = 600_000;

interface Failure {
  readonly reason: string;
  readonly at: number;
}

/** A folder that only this process writes to. It is checked regularly, not only when something is stored. */
export class HeldFolder implements StateFolder {
  readonly exporter: string;
  readonly path: string;
  readonly #place: StatePlace;
  readonly #log: Logger;
  /** The newest last. */
  readonly #failing = new Map<string, Failure>();
  #lock: DirectoryLock | undefined;
  #holding: Promise<void> | undefined;
  #isUsed = false;
  #told: string | undefined;

  constructor(exporter: string, place: StatePlace, log: Logger) {
    this.exporter = exporter;
    this.path = place.directory;
    this.#place = place;
    this.#log = log.child({ exporter, directory: place.directory });
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Why nothing can be stored at present; a readable text. */
  get problem(): string | undefined {
    const failure = [...this.#failing.values()].at(-1);
    return failure === undefined ? undefined : this.#sentence(failure.reason);
  }

  /**
   * Must be called before anything is stored there; repeated calls are harmless. A folder that cannot be written is not an error:
   * measuring continues, and {@link problem} reports that nothing is stored.
   *
   * @throws {StateTaken}
   */
  async use(): Promise<void> {
    this.#isUsed = true;
    if (this.#lock !== undefined) return;
    try {
      await this.#hold();
    } catch (error) {
      const taken = this.#taken(error);
      if (taken !== undefined) throw taken;
      this.#failed(THE_FOLDER, reasonOf(error));
      return;
    }
    await this.check();
  }

  /** Whether something can be stored; never throws. */
  async check(): Promise<void> {
    if (!this.#isUsed) return;
    await this.save(CHECK_FILE, `${' '.repeat(CHECK_BYTES - 1)}\n`).catch(() => undefined);
  }

  save(name: string, text: string): Promise<void> {
    return this.attempt(name, () => writeWhole(this.path, name, text));
  }

  async attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    await this.#orSay(THE_FOLDER, () => this.#hold());
    return this.#orSay(what, work);
  }

  async #orSay<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#succeeded(what);
      return result;
    } catch (error) {
      const taken = this.#taken(error);
      if (taken === undefined && errorCode(error) === undefined) throw error;
      this.#failed(what, taken?.message ?? reasonOf(error));
      throw new CannotKeepState(this.problem ?? '', { cause: error });
    }
  }

  async release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    this.#isUsed = false;
    await lock?.release();
  }

  /** Also takes the lock again when the folder was removed. */
  #hold(): Promise<void> {
    // One at a time: two concurrent calls would treat each other as another exporter.
    this.#holding ??= this.#holdNow().finally(() => {
      this.#holding = undefined;
    });
    return this.#holding;
  }

  async #holdNow(): Promise<void> {
    if (this.#lock !== undefined && (await this.#lock.isOurs())) return;
    this.#lock = undefined;
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    this.#lock = await lockDirectory(this.path);
  }

  #taken(error: unknown): StateTaken | undefined {
    return taken(error, (who) => `${who} keeps its state in ${this.path}, and two would overwrite each other's`);
  }

  #sentence(reason: string): string {
    if (reason.includes(this.path)) return reason;
    const { from } = this.#place;
    const source = from === 'default' ? 'the default' : `from ${from}`;
    return `the state cannot be kept in ${this.path} (${source}): ${reason}; ${HOW_TO_CHOOSE_A_PLACE}`;
  }

  #failed(what: string, reason: string): void {
    this.#failing.delete(what);
    this.#failing.set(what, { reason, at: performance.now() });
    // Logged once for each reason: the metric shows it at each scrape.
    if (this.#told === reason) return;
    this.#told = reason;
    this.#log.error('the state cannot be kept; after a restart it is lost', { reason: this.#sentence(reason) });
  }

  #succeeded(what: string): void {
    if (this.#failing.size === 0) return;
    this.#failing.delete(what);
    const now = performance.now();
    for (const [other, { at }] of this.#failing) {
      if (now - at > FORGOTTEN_AFTER_MS) this.#failing.delete(other);
    }
    if (this.#failing.size > 0) return;
    this.#told = undefined;
    this.#log.info('the state can be kept again');
  }
}

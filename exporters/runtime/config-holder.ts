import { setTimeout as sleep } from 'node:timers/promises';
import type { Pack } from '../../pack/index.js';
import { InvalidPack } from '../../pack/reading/problems.js';
import { describeError, type Logger } from './log.js';

export interface ConfigHolderOptions {
  readonly files: readonly string[];
  /** @throws {InvalidPack} */
  readonly load: (files: readonly string[]) => Pack;
  readonly log: Logger;
  readonly now?: () => Date;
  /** Called once for each reload, whatever came of it. */
  readonly afterReload?: () => void;
}

/** Applies a configuration; if it rejects, the old one stays in use everywhere. */
export type Subscriber = (pack: Pack) => void | Promise<void>;

export type ReloadResult =
  | { readonly ok: true; readonly changed: boolean }
  /** `reason` is a readable text: the problems with their places, one per line. */
  | { readonly ok: false; readonly reason: string };

/** Time and result of the last attempt to load. */
export interface ReloadStatus {
  readonly successful: boolean;
  readonly lastSuccess: Date;
  readonly lastAttempt: Date;
  readonly reason?: string;
}

/** The configuration in use, and the only way to change it. */
export class ConfigHolder {
  readonly #options: ConfigHolderOptions;
  readonly #now: () => Date;
  readonly #subscribers = new Map<string, Subscriber>();
  #current: Pack;
  #status: ReloadStatus;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<ReloadResult> | undefined;
  /** Until then no reload begins, so that requests to reload leave half of the thread to scrapes. */
  #restUntil = 0;

  /** @throws {InvalidPack} when the files cannot be used and there is no earlier configuration. */
  constructor(options: ConfigHolderOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
    this.#current = options.load(options.files);
    const now = this.#now();
    this.#status = { successful: true, lastSuccess: now, lastAttempt: now };
  }

  get current(): Pack {
    return this.#current;
  }

  get status(): ReloadStatus {
    return this.#status;
  }

  /** Subscribers are notified in the order of their subscription. Returns a function that unsubscribes. */
  onChange(name: string, subscriber: Subscriber): () => void {
    this.#subscribers.set(name, subscriber);
    return () => {
      this.#subscribers.delete(name);
    };
  }

  /**
   * Reads the files again. Reloads never overlap; requests during a reload share the next one, because the running reload may
   * have read the files before they were saved.
   */
  reload(): Promise<ReloadResult> {
    if (this.#waiting !== undefined) return this.#waiting;
    const turn = this.#last.then(async () => {
      const rest = this.#restUntil - performance.now();
      if (rest > 0) await sleep(rest);
      this.#waiting = undefined;
      const began = performance.now();
      const result = await this.#reload();
      this.#options.afterReload?.();
      this.#restUntil = 2 * performance.now() - began;
      return result;
    });
    this.#waiting = turn;
    this.#last = turn;
    return turn;
  }

  async #reload(): Promise<ReloadResult> {
    const { files, load, log } = this.#options;
    try {
      const next = load(files);
      const changed = next.source.sha256 !== this.#current.source.sha256;
      await this.#tell(next);
      this.#current = next;
      const now = this.#now();
      this.#status = { successful: true, lastSuccess: now, lastAttempt: now };
      log.info('configuration reloaded', { changed, sha256: next.source.sha256 });
      return { ok: true, changed };
    } catch (error) {
      const reason = describeError(error);
      this.#status = { ...this.#status, successful: false, lastAttempt: this.#now(), reason };
      log.error('reload failed; the old configuration stays in force', {
        error: error instanceof InvalidPack ? reason.replaceAll('\n', ' | ') : reason,
      });
      return { ok: false, reason };
    }
  }

  /** All subscribers apply the new one, or those that already did return to the old one. */
  async #tell(next: Pack): Promise<void> {
    const told: [string, Subscriber][] = [];
    for (const [name, subscriber] of this.#subscribers) {
      try {
        await subscriber(next);
        told.push([name, subscriber]);
      } catch (error) {
        const stuck = await this.#takeBack(told);
        const still = stuck.length === 0 ? '' : `; restart, because ${stuck.join(' and ')} could not go back`;
        throw new Error(`${name} refused the configuration${still}`, { cause: error });
      }
    }
  }

  async #takeBack(told: readonly [string, Subscriber][]): Promise<string[]> {
    const stuck: string[] = [];
    for (const [name, subscriber] of told.toReversed()) {
      try {
        await subscriber(this.#current);
      } catch (error) {
        this.#options.log.error('rollback failed', { subscriber: name, error });
        stuck.push(name);
      }
    }
    return stuck;
  }
}

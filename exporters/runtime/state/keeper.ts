import type { Logger } from '../log.js';
import type { Shard } from '../shard.js';
import { claimPlace } from './claim.js';
import { HeldFolder } from './held-folder.js';
import type { DirectoryLock } from './lock.js';
import { exporterPlace, type StatePlace } from './place.js';

export interface KeptState {
  readonly exporter: string;
  readonly directory: string;
  /** Why nothing can be stored; undefined while it can. */
  readonly problem: string | undefined;
}

const CHECK_EVERY_MS = 15_000;

/** The state directory of a process, with a folder for each exporter that has state. */
export class StateKeeper {
  readonly place: StatePlace;
  readonly #log: Logger;
  readonly #folders = new Map<string, HeldFolder>();
  readonly #claims = new Map<string, DirectoryLock | undefined>();
  readonly #timer: NodeJS.Timeout;

  /** @param checkEveryMs how often it is checked whether something can be stored; for tests. */
  constructor(place: StatePlace, log: Logger, checkEveryMs = CHECK_EVERY_MS) {
    this.place = place;
    this.#log = log;
    this.#timer = setInterval(() => void this.check(), checkEveryMs);
    this.#timer.unref();
  }

  /**
   * The exporter's own folder. Nothing is locked or written before `use()`.
   *
   * @param described a folder that the description names for it; see {@link exporterPlace}.
   */
  folder(exporter: string, described?: string): HeldFolder {
    const place = exporterPlace(this.place, exporter, described);
    const key = `${exporter} ${place.directory}`;
    const known = this.#folders.get(key) ?? new HeldFolder(exporter, place, this.#log);
    this.#folders.set(key, known);
    return known;
  }

  /** For an exporter that keeps nothing; again does no harm. @throws {StateTaken}, see {@link claimPlace}. */
  async claim(exporter: string, shard: Shard): Promise<void> {
    if (this.#claims.has(exporter)) return;
    this.#claims.set(exporter, await claimPlace(this.place, exporter, shard));
  }

  states(): readonly KeptState[] {
    return this.#used().map(({ exporter, path, problem }) => ({ exporter, directory: path, problem }));
  }

  async check(): Promise<void> {
    await Promise.all(this.#used().map((folder) => folder.check()));
  }

  /** Releases the folders. Call it when nothing writes any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#used(), ...this.#claims.values()].map((held) => held?.release()));
    this.#claims.clear();
  }

  #used(): readonly HeldFolder[] {
    return [...this.#folders.values()].filter(({ isUsed }) => isUsed);
  }
}

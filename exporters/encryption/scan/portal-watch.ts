import { setTimeout as sleep } from 'node:timers/promises';
import type { FieldEncryption } from '../../../pack/encryption/model.js';
import type { StateFolder } from '../../runtime/state/index.js';
import { type KeyState, KeyWatch } from '../keys/key-watch.js';
import type { KeyKnowledge } from '../keys/versions.js';
import type { SourceDeps } from '../source.js';
import { type TimingState, TimingWatch } from '../timings/timing-watch.js';
import { ScanDatabase } from './database.js';
import { type ColumnState, ScanWatch } from './watch.js';

/** These queries are small, so they run often, and a rotation is noticed soon. */
const REFRESH_MS = 30_000;
const SHORTEST_REFRESH_MS = 1000;

/** Everything that databases contain about the encryption of one portal. */
export class PortalWatch {
  readonly encryption: FieldEncryption;
  readonly #scan: ScanWatch | undefined;
  readonly #database: ScanDatabase | undefined;
  readonly #keys: KeyWatch;
  readonly #timings: TimingWatch;
  #stopping: AbortController | undefined;
  #running: Promise<unknown> = Promise.resolve();

  /** @param folder for the progress of scans. */
  constructor(
    encryption: FieldEncryption,
    { log, redactor }: Pick<SourceDeps, 'log' | 'redactor'>,
    folder: StateFolder,
  ) {
    const { scan, timings } = encryption;
    this.encryption = encryption;
    this.#scan = scan === undefined ? undefined : new ScanWatch({ encryption, scan, folder, log, redactor });
    this.#database = scan === undefined ? undefined : new ScanDatabase(scan.database, redactor);
    this.#keys = new KeyWatch({ encryption, database: this.#database, redactor, log });
    this.#timings = new TimingWatch(timings, redactor, log.child({ portal: encryption.portal }));
  }

  start(): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    // Keys first, because the results of scans are judged by them.
    const isReady = this.#keys.refresh(signal);
    this.#running = Promise.all([
      isReady.then(() => this.#scan?.run(signal)),
      isReady.then(() => this.#refresh(signal)),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopping?.abort();
    await this.#running;
    await this.#database?.close();
    await this.#timings.close();
  }

  columns(): ColumnState[] {
    return this.#scan?.states() ?? [];
  }

  keys(): KeyState[] {
    return this.#keys.states();
  }

  knowledge(key: string | undefined): KeyKnowledge {
    return this.#keys.knowledge(key);
  }

  timings(): TimingState[] {
    return this.#timings.states();
  }

  /** A shorter scan interval also makes these queries more frequent. */
  get #refreshMs(): number {
    return Math.max(SHORTEST_REFRESH_MS, Math.min(REFRESH_MS, this.encryption.scan?.intervalMs ?? REFRESH_MS));
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all([this.#keys.refresh(signal), this.#timings.refresh(signal)]);
      await sleep(this.#refreshMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

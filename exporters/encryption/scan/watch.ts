import { setTimeout as sleep } from 'node:timers/promises';
import type { CiphertextScan, FieldEncryption, ScannedColumn } from '../../../pack/encryption/model.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import type { StateFolder } from '../../runtime/state/index.js';
import { columnDigest, columnLabel, resolveColumn } from './column.js';
import { type ScanProgress, scanColumn } from './column-scan.js';
import { ScanDatabase } from './database.js';
import { scanFailureOf } from './failure.js';
import { ScanPace } from './pace.js';
import { StateStore, type WholeScan } from './state.js';

export interface ColumnState {
  readonly column: ScannedColumn;
  /** Undefined before the first attempt. */
  readonly isUp: boolean | undefined;
  /** The last complete scan; not shown while the column cannot be read. */
  readonly whole: WholeScan | undefined;
  readonly progress: ScanProgress | undefined;
  readonly problem: string | undefined;
  /** Rows with a used nonce that this process has found, each once. */
  readonly reuseFound: number;
}

export interface ScanWatchDeps {
  readonly encryption: FieldEncryption;
  readonly scan: CiphertextScan;
  readonly folder: StateFolder;
  readonly log: Logger;
  readonly redactor: Redactor;
}

const RETRY_FIRST_MS = 5000;
const RETRY_LAST_MS = 300_000;
const CHECK_EVERY_MS = 30_000;
/** Timers of Node.js overflow after 24 days. */
const LONGEST_SLEEP_MS = 86_400_000;

interface Entry {
  readonly column: ScannedColumn;
  readonly store: StateStore;
  readonly log: Logger;
  dueAt: number;
  retryMs: number;
  isUp: boolean | undefined;
  whole: WholeScan | undefined;
  progress: ScanProgress | undefined;
  problem: string | undefined;
  reuseFound: number;
  readonly reuseKnown: Map<string, number>;
}

/** Name of a column's state file; its digest distinguishes two descriptions with the same name. */
export function storeFor(folder: StateFolder, portal: string, column: ScannedColumn): StateStore {
  return new StateStore(folder, `${portal}.${column.table}.${columnLabel(column)}`, columnDigest(column));
}

/** Scans the columns of one portal, one after the other, repeatedly. */
export class ScanWatch {
  readonly #scan: CiphertextScan;
  readonly #database: ScanDatabase;
  readonly #pace: ScanPace;
  readonly #entries: readonly Entry[];

  constructor({ encryption, scan, folder, log, redactor }: ScanWatchDeps) {
    this.#scan = scan;
    this.#database = new ScanDatabase(scan.database, redactor, scan.replica);
    this.#pace = new ScanPace(scan.rowsPerSecond);
    this.#entries = scan.columns.map((column) => ({
      column,
      store: storeFor(folder, encryption.portal, column),
      log: log.child({ portal: encryption.portal, table: column.table, column: columnLabel(column) }),
      dueAt: 0,
      retryMs: RETRY_FIRST_MS,
      isUp: undefined,
      whole: undefined,
      progress: undefined,
      problem: undefined,
      reuseFound: 0,
      reuseKnown: new Map(),
    }));
  }

  states(): ColumnState[] {
    return this.#entries.map(({ column, isUp, whole, progress, problem, reuseFound }) => ({
      column,
      isUp,
      // Before the first scan of this process, the stored result of the previous process is shown with its time.
      whole: isUp === false ? undefined : whole,
      progress,
      problem,
      reuseFound,
    }));
  }

  /** Runs until the signal aborts; failed scans are retried, sooner at first. */
  async run(signal: AbortSignal): Promise<void> {
    for (const entry of this.#entries) {
      const { whole, progress } = (await entry.store.load()).state;
      entry.whole = whole;
      // After a restart, the column is not read again before its interval has passed.
      if (whole !== undefined && progress === undefined) entry.dueAt = whole.startedAtMs + this.#scan.intervalMs;
    }
    await Promise.all([this.#scanAll(signal), this.#checkAll(signal)]);
    await this.#database.close();
  }

  async #scanAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [next] = [...this.#entries].sort((a, b) => a.dueAt - b.dueAt);
      if (next === undefined) return;
      const pauseMs = Math.min(LONGEST_SLEEP_MS, next.dueAt - Date.now());
      if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      else await this.#try(next, signal);
    }
  }

  /** Hours may pass between two scans; a removed or unreadable column is noticed much sooner. */
  async #checkAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const entry of this.#entries) {
        if (entry.progress !== undefined || entry.isUp === false) continue;
        try {
          await this.#database.look(signal, (query) => resolveColumn(query, entry.column));
          this.#succeeded(entry);
        } catch (error) {
          if (!signal.aborted) this.#failed(entry, error);
        }
      }
      await sleep(Math.min(CHECK_EVERY_MS, this.#scan.intervalMs), undefined, { signal }).catch(() => undefined);
    }
  }

  #succeeded(entry: Entry): void {
    if (entry.isUp === false) entry.log.info('the column can be read again');
    entry.isUp = true;
    entry.problem = undefined;
  }

  #failed(entry: Entry, error: unknown): void {
    const { message } = scanFailureOf(error);
    // Logged once for each reason: the metric shows it at each scrape.
    entry.log[entry.problem === message ? 'debug' : 'warn']('the column cannot be scanned', { reason: message });
    entry.isUp = false;
    entry.problem = message;
    entry.progress = undefined;
    entry.dueAt = Date.now() + Math.min(entry.retryMs, this.#scan.intervalMs);
    entry.retryMs = Math.min(entry.retryMs * 2, RETRY_LAST_MS);
  }

  async #try(entry: Entry, signal: AbortSignal): Promise<void> {
    const startedAt = Date.now();
    const { column, store, log } = entry;
    try {
      const { state, problem } = await store.load();
      if (problem !== undefined) log.warn(problem);
      const whole = await scanColumn({
        column,
        database: this.#database,
        pace: this.#pace,
        batchRows: this.#scan.batchRows,
        store,
        state,
        signal,
        onProgress: (progress) => {
          this.#succeeded(entry);
          entry.progress = progress;
        },
      });
      entry.whole = whole;
      entry.progress = undefined;
      entry.retryMs = RETRY_FIRST_MS;
      entry.dueAt = startedAt + this.#scan.intervalMs;
      this.#countReuse(entry, whole);
      log.info('column scanned', { rows: whole.tally.rows, ...whole.tally.states, reused: whole.reuse.length });
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(entry, error);
    }
  }

  #countReuse(entry: Entry, { reuse }: WholeScan): void {
    for (const { print, rows } of reuse) {
      entry.reuseFound += Math.max(0, rows - (entry.reuseKnown.get(print) ?? 0));
      entry.reuseKnown.set(print, rows);
    }
    // A fault that disappears and comes back counts again.
    const present = new Set(reuse.map(({ print }) => print));
    for (const print of entry.reuseKnown.keys()) if (!present.has(print)) entry.reuseKnown.delete(print);
  }
}

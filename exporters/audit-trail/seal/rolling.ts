import { join } from 'node:path';
import type { Disk } from './disk.js';
import type { Session } from './session.js';
import type { SealStore } from './store.js';
import { mark, verifySome } from './verify.js';
import type { ChunkFailure } from './verify-rows.js';

export interface RollingStatus {
  /** Share of sealed records that were found as sealed within the promised time. */
  readonly verifiedRatio: number;
  /** Of the chunk that was verified longest ago. Undefined with nothing sealed, or while a chunk differs. */
  readonly oldestAt: Date | undefined;
  readonly failedChunks: readonly ChunkFailure[];
  /** Of a whole sweep at the present pace. Undefined before anything was measured. */
  readonly sweepSeconds: number | undefined;
  /** The same for 100 million records, at the highest pace allowed. */
  readonly sweepSecondsPer100Million: number | undefined;
}

/** A sweep is planned to take half of what is promised; the other half is for outages. */
const PLANNED_SHARE = 0.5;
/** Re-reading may keep the database busy for this share of the time and no more. */
const MAX_BUSY = 0.25;

/** Sweeps over all chunks for ever, so that the time to detection has a known worst case. */
export class RollingVerifier {
  readonly #store: SealStore;
  readonly #verifyWithinMs: number;
  readonly #failures = new Map<number, ChunkFailure>();
  #next = 0;
  #rowsPerBusySecond: number | undefined;
  #pace: number | undefined;

  constructor(store: SealStore, verifyWithinMs: number) {
    this.#store = store;
    this.#verifyWithinMs = verifyWithinMs;
  }

  /** Takes up where the last process was, so that a restart does not begin the sweep anew. */
  async load(disk: Disk): Promise<void> {
    const { index } = this.#store;
    const bytes = (await disk.read(this.#path)) ?? Buffer.alloc(0);
    let oldest = Number.POSITIVE_INFINITY;
    for (let seq = 0; seq < index.length && (seq + 1) * 8 <= bytes.length; seq += 1) {
      const at = bytes.readDoubleLE(seq * 8);
      index.setVerifiedAt(seq, at);
      if (!(at >= oldest)) {
        oldest = at;
        this.#next = seq;
      }
    }
  }

  async save(disk: Disk): Promise<void> {
    const { index } = this.#store;
    const bytes = Buffer.allocUnsafe(index.length * 8);
    for (let seq = 0; seq < index.length; seq += 1) bytes.writeDoubleLE(index.verifiedAt(seq), seq * 8);
    await disk.replace(this.#path, bytes);
  }

  get #path(): string {
    return join(this.#store.directory, 'verified.bin');
  }

  /**
   * Verifies as much as is due after `sinceLastMs`, and the newest chunk with rows in any case: cutting off the end is
   * the easiest way to hide.
   * @returns failures that were not known before.
   */
  async tick(
    session: Session,
    options: { readonly signal: AbortSignal; readonly sinceLastMs: number; readonly isReplica: boolean },
  ): Promise<readonly ChunkFailure[]> {
    const { signal, sinceLastMs, isReplica } = options;
    const store = this.#store;
    if (store.index.length === 0) return [];
    const total = store.index.size(store.index.length - 1);
    const share = Math.min(1, sinceLastMs / (this.#verifyWithinMs * PLANNED_SHARE));
    const entriesDue = Math.ceil(store.index.length * share);
    const rowsDue = Math.max(1, Math.ceil(total * share));
    if (this.#next >= store.index.length) this.#next = 0;
    const found: ChunkFailure[] = [];
    const started = performance.now();
    const budget = Math.max(250, sinceLastMs * MAX_BUSY);
    let rows = 0;
    const first = this.#next;
    const access = { store, session, signal, isReplica };
    while (rows < rowsDue || this.#next - first < entriesDue) {
      const left = budget - (performance.now() - started);
      if (left <= 0 || this.#next >= store.index.length) break;
      const runs = await verifySome(access, this.#next, { forMs: left, rows: rowsDue - rows });
      if (runs.length === 0) break;
      for (const run of runs) {
        found.push(...this.#take(run, Date.now()));
        rows += run.rows;
        this.#next = run.next;
      }
    }
    const seconds = Math.max(0.001, (performance.now() - started) / 1000);
    if (rows > 0) {
      this.#rowsPerBusySecond = rows / seconds;
      this.#pace = rows / Math.max(seconds, sinceLastMs / 1000);
    }
    const newest = store.index.entryOfLeaf(total - 1);
    if (total > 0 && (newest < first || newest >= this.#next)) {
      for (const run of await verifySome(access, newest, { forMs: 1, rows: 1 }))
        found.push(...this.#take(run, Date.now()));
    }
    return found;
  }

  status(now: Date): RollingStatus {
    const { index } = this.#store;
    let fresh = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (let seq = 0; seq < index.length; seq += 1) {
      const at = index.verifiedAt(seq);
      if (now.getTime() - at <= this.#verifyWithinMs) fresh += index.size(seq) - index.size(seq - 1);
      if (index.isChunk(seq)) oldest = Math.min(oldest, at);
    }
    const total = index.size(index.length - 1);
    return {
      verifiedRatio: total === 0 ? 1 : fresh / total,
      oldestAt: Number.isFinite(oldest) ? new Date(oldest) : undefined,
      failedChunks: [...this.#failures.values()],
      sweepSeconds: this.#pace === undefined ? undefined : total / this.#pace,
      sweepSecondsPer100Million:
        this.#rowsPerBusySecond === undefined ? undefined : 1e8 / (this.#rowsPerBusySecond * MAX_BUSY),
    };
  }

  #take(run: Parameters<typeof mark>[1], time: number): ChunkFailure[] {
    mark(this.#store, run, time);
    for (const seq of [...run.verified, ...run.disposed]) this.#failures.delete(seq);
    const found = run.failures.filter(({ seq }) => !this.#failures.has(seq));
    for (const failure of run.failures) this.#failures.set(failure.seq, failure);
    return found;
  }
}

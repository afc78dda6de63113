import { join } from 'node:path';
import type { Disk } from '../../runtime/sealing/log/disk.js';
import type { AuditStore } from './audit-log.js';
import { readFailedChunks, writeFailedChunks } from './failed-chunks.js';
import type { SealReplica } from './seal-replica.js';
import type { SealSession } from './session.js';
import { markVerified, verifySome } from './verify.js';
import type { ChunkFailure, RunVerification } from './verify-rows.js';

export interface RollingStatus {
  /** Share of sealed records that were found as sealed within the promised time. */
  readonly verifiedRatio: number;
  /** Of the chunk that was verified longest ago. Undefined with nothing sealed, or while a chunk differs. */
  readonly oldestAt: Date | undefined;
  readonly failedChunks: readonly ChunkFailure[];
  /** Of a whole pass at the present pace. Undefined before anything was measured. */
  readonly wholePassSeconds: number | undefined;
}

export interface RollingStep {
  readonly signal: AbortSignal;
  readonly sinceLastMs: number;
  /** The session is on a replica, which must prove itself. */
  readonly replica?: SealReplica;
  /** A failure that was not known before. At once, so that an interruption loses none. */
  readonly onFailure: (failure: ChunkFailure) => void;
  /** What had failed was read again, and is as it was sealed, or was disposed of. */
  readonly onEnded: (failure: ChunkFailure) => void;
}

/** A pass is planned to take half of what is promised; the other half is for outages. */
const PLANNED_SHARE = 0.5;
/** Verification may keep the database busy for at most this share of the time. */
const MAX_BUSY = 0.25;

/** Goes over all chunks again and again, so that the time to detection has a known worst case. */
export class RollingVerifier {
  readonly #store: AuditStore;
  readonly #verifyWithinMs: number;
  readonly #failures = new Map<number, ChunkFailure>();
  /** Failed when the last process ended; not verified again yet. */
  readonly #inherited = new Set<number>();
  #isFailuresKept = true;
  #next = 0;
  #pace: number | undefined;

  constructor(store: AuditStore, verifyWithinMs: number) {
    this.#store = store;
    this.#verifyWithinMs = verifyWithinMs;
  }

  /**
   * Takes up where the last process was, so that a restart does not begin the pass anew, and forgets no failure.
   * @returns what had failed then; it counts until it was verified again.
   */
  async load(disk: Disk): Promise<readonly ChunkFailure[]> {
    const { index, view, directory } = this.#store;
    const bytes = (await disk.read(this.#path)) ?? Buffer.alloc(0);
    let oldest = Number.POSITIVE_INFINITY;
    for (let seq = 0; seq < index.length && (seq + 1) * 8 <= bytes.length; seq += 1) {
      const at = bytes.readDoubleLE(seq * 8);
      view.setVerifiedAt(seq, at);
      if (Number.isNaN(at)) this.#inherited.add(seq);
      else if (at < oldest) {
        oldest = at;
        this.#next = seq;
      }
    }
    for (const kept of await readFailedChunks(disk, directory)) {
      if (kept.seq >= index.length || index.isDisposed(kept.seq)) continue;
      this.#failures.set(kept.seq, { ...kept, changed: [], missing: [], added: [], isLocalised: false });
      this.#inherited.add(kept.seq);
      view.setVerifiedAt(kept.seq, Number.NaN);
    }
    return [...this.#failures.values()];
  }

  /** Saves failures first: a crash in between leaves one chunk too many to verify, never one too few. */
  async save(disk: Disk): Promise<void> {
    const { index, view, directory } = this.#store;
    if (!this.#isFailuresKept) {
      this.#isFailuresKept = true;
      await writeFailedChunks(disk, directory, [...this.#failures.values()]).catch((error: unknown) => {
        this.#isFailuresKept = false;
        throw error;
      });
    }
    const bytes = Buffer.allocUnsafe(index.length * 8);
    for (let seq = 0; seq < index.length; seq += 1) bytes.writeDoubleLE(view.verifiedAt(seq), seq * 8);
    await disk.replace(this.#path, bytes);
  }

  get #path(): string {
    return join(this.#store.directory, 'verified.bin');
  }

  /**
   * Verifies what had failed before a restart, then as much as is due after `sinceLastMs`, and the newest chunk with
   * rows in any case: cutting off the end is the easiest way to hide.
   */
  async tick(session: SealSession, step: RollingStep): Promise<void> {
    const { signal, sinceLastMs, replica } = step;
    const store = this.#store;
    if (store.index.length === 0) return;
    const total = store.index.size(store.index.length - 1);
    const share = Math.min(1, sinceLastMs / (this.#verifyWithinMs * PLANNED_SHARE));
    const entriesDue = Math.ceil(store.index.length * share);
    const rowsDue = Math.max(1, Math.ceil(total * share));
    if (this.#next >= store.index.length) this.#next = 0;
    const started = performance.now();
    const budget = Math.max(250, sinceLastMs * MAX_BUSY);
    let rows = 0;
    const first = this.#next;
    const access = { store, session, signal, ...(replica === undefined ? {} : { replica }) };
    for (const seq of [...this.#inherited].sort((a, b) => a - b)) {
      if (performance.now() - started >= budget) break;
      // A run includes neighbouring chunks.
      if (!this.#inherited.has(seq)) continue;
      const runs = await verifySome(access, seq, { forMs: 1, rows: 1 });
      if (runs.length === 0) break;
      for (const run of runs) this.#take(run, Date.now(), step);
    }
    const sweepStarted = performance.now();
    while (rows < rowsDue || this.#next - first < entriesDue) {
      const left = budget - (performance.now() - started);
      if (left <= 0 || this.#next >= store.index.length) break;
      const runs = await verifySome(access, this.#next, { forMs: left, rows: rowsDue - rows });
      if (runs.length === 0) break;
      for (const run of runs) {
        this.#take(run, Date.now(), step);
        rows += run.rows;
        this.#next = run.next;
      }
    }
    const seconds = Math.max(0.001, (performance.now() - sweepStarted) / 1000);
    if (rows > 0) {
      this.#pace = rows / Math.max(seconds, sinceLastMs / 1000);
    }
    const newest = store.index.entryOfLeaf(total - 1);
    if (total > 0 && (newest < first || newest >= this.#next)) {
      for (const run of await verifySome(access, newest, { forMs: 1, rows: 1 })) this.#take(run, Date.now(), step);
    }
  }

  status(now: Date): RollingStatus {
    const { index, view } = this.#store;
    let fresh = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (let seq = 0; seq < index.length; seq += 1) {
      const at = view.verifiedAt(seq);
      if (now.getTime() - at <= this.#verifyWithinMs) fresh += index.size(seq) - index.size(seq - 1);
      if (view.isChunk(seq)) oldest = Math.min(oldest, at);
    }
    const total = index.size(index.length - 1);
    return {
      verifiedRatio: total === 0 ? 1 : fresh / total,
      oldestAt: Number.isFinite(oldest) ? new Date(oldest) : undefined,
      failedChunks: [...this.#failures.values()],
      wholePassSeconds: this.#pace === undefined ? undefined : total / this.#pace,
    };
  }

  #take(run: RunVerification, time: number, { onFailure, onEnded }: RollingStep): void {
    markVerified(this.#store, run, time);
    for (const seq of [...run.verified, ...run.disposed]) {
      const failure = this.#failures.get(seq);
      if (failure !== undefined) {
        this.#failures.delete(seq);
        this.#isFailuresKept = false;
        onEnded(failure);
      }
      this.#inherited.delete(seq);
    }
    for (const failure of run.failures) {
      const isNews = !this.#failures.has(failure.seq);
      this.#failures.set(failure.seq, failure);
      this.#isFailuresKept = false;
      this.#inherited.delete(failure.seq);
      if (isNews) onFailure(failure);
    }
  }
}

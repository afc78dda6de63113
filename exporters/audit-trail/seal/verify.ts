import { SealRefused } from '../../runtime/sealing/errors.js';
import type { AuditStore } from './audit-log.js';
import { readIdentity, readSnapshot, whyNotSame } from './database-state.js';
import type { SealReplica } from './seal-replica.js';
import type { SealSession } from './session.js';
import { type ChunkFailure, type RunVerification, verifyRun } from './verify-rows.js';

export interface VerifyProgress {
  /** Give this as `start` to go on after an interruption. */
  readonly next: number;
  readonly rows: number;
  readonly ofRows: number;
  readonly failures: number;
  /** What this step added, so that an interrupted verification loses nothing that it found. */
  readonly step: Pick<RunVerification, 'rows' | 'verified' | 'disposed' | 'failures'>;
}

export interface RowsVerification {
  readonly ok: boolean;
  readonly rows: number;
  readonly chunks: number;
  readonly disposedChunks: number;
  readonly failures: readonly ChunkFailure[];
  /** True when it went from the first entry to the last. */
  readonly isComplete: boolean;
}

export interface RowsVerifyOptions {
  readonly store: AuditStore;
  readonly session: SealSession;
  readonly signal: AbortSignal;
  readonly start?: number;
  readonly progress?: (progress: VerifyProgress) => void;
  /** It is known that this is another database than the one that was sealed; its rows are compared all the same. */
  readonly isOther?: boolean;
  /** The session is on a replica, which proves itself before each snapshot. */
  readonly replica?: SealReplica;
}

/** One snapshot is held for so long only, or a pass of hours would keep the database from cleaning up. */
const SNAPSHOT_MS = 20_000;

/** Every sealed row against the database, on demand. */
export async function verifyRows(options: RowsVerifyOptions): Promise<RowsVerification> {
  const { store, session, signal, progress } = options;
  const failures: ChunkFailure[] = [];
  const start = options.start ?? 0;
  const end = store.index.length;
  let rows = 0;
  let chunks = 0;
  let disposedChunks = 0;
  let next = start;
  while (next < end) {
    const runs = await verifySome(options, next, { forMs: SNAPSHOT_MS }, (run) => {
      rows += run.rows;
      chunks += run.verified.length + run.failures.length;
      disposedChunks += run.disposed.length;
      failures.push(...run.failures);
      markVerified(store, run, Date.now());
      next = run.next;
      progress?.({
        next,
        rows,
        ofRows: store.index.size(end - 1) - store.index.size(start - 1),
        failures: failures.length,
        step: run,
      });
    });
    signal.throwIfAborted();
    if (runs.length === 0 || session.isLost) break;
  }
  return { ok: failures.length === 0, rows, chunks, disposedChunks, failures, isComplete: start === 0 && next >= end };
}

/** As many runs as fit into the time, in one snapshot; none when this database is not (yet) where the log is. */
export async function verifySome(
  { store, session, signal, replica, isOther = false }: Omit<RowsVerifyOptions, 'start' | 'progress'>,
  start: number,
  limit: { readonly forMs: number; readonly rows?: number },
  /** As each run ends, so that an interruption loses no more than one. */
  onRun: (run: RunVerification) => void = () => undefined,
): Promise<readonly RunVerification[]> {
  const identity = await readIdentity(session);
  const isReplica = replica !== undefined;
  const server = await replica?.prove(session, signal);
  return session.snapshot(signal, async () => {
    if (server !== undefined) await replica?.confirm(session, server);
    const { name, ...snapshot } = await readSnapshot(session);
    const seen = store.view.seenDatabase;
    if (seen !== undefined && !isOther) {
      // A replica that has not come as far would seem to have too few rows.
      if (isReplica && BigInt(snapshot.xmin) < BigInt(seen.snapshot.xmin)) return [];
      const timeline = isReplica ? {} : { ...identity };
      const reason = whyNotSame(seen, {
        ...snapshot,
        ...(isReplica ? { xmax: seen.snapshot.xmax } : {}),
        identity: { name, ...timeline },
      });
      if (reason !== undefined) throw new SealRefused('fork', reason);
    }
    const runs: RunVerification[] = [];
    const deadline = performance.now() + limit.forMs;
    let next = start;
    let rows = 0;
    while (
      next < store.index.length &&
      performance.now() < deadline &&
      rows < (limit.rows ?? Number.POSITIVE_INFINITY)
    ) {
      signal.throwIfAborted();
      const run = await verifyRun(store, session, next);
      runs.push(run);
      onRun(run);
      rows += run.rows;
      next = run.next;
    }
    return runs;
  });
}

export function markVerified(store: AuditStore, run: RunVerification, time: number): void {
  for (const seq of [...run.verified, ...run.disposed]) store.view.setVerifiedAt(seq, time);
  for (const { seq } of run.failures) store.view.setVerifiedAt(seq, Number.NaN);
}

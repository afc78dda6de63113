import type { DatabaseAccess } from '../../../pack/index.js';
import {
  type AuditStore,
  type ChunkFailure,
  lastInherited,
  readSnapshot,
  SealRefused,
  SealReplica,
  SealSession,
  SealUnavailable,
  verifyRows,
} from '../seal/index.js';
import type { RowsPass, VerifyState } from './verify-state.js';

export interface RowsRequest {
  readonly store: AuditStore;
  readonly access: DatabaseAccess;
  /** `access` is that of a replica of this database. */
  readonly replicaOf?: DatabaseAccess;
  readonly signal: AbortSignal;
  readonly state: VerifyState;
  /** Saves the progress; called now and then, and at the end. */
  readonly save: (state: VerifyState) => Promise<void>;
  readonly isFull: boolean;
  readonly isRestart: boolean;
  /** The entry to begin with, in place of where earlier verifications ended. */
  readonly start?: number;
  readonly progress?: (progress: { readonly rows: number; readonly ofRows: number; readonly failures: number }) => void;
}

export interface RowsResult {
  /** First entry whose rows were compared. */
  readonly start: number;
  readonly rows: number;
  readonly chunks: number;
  readonly disposedChunks: number;
  readonly failures: readonly ChunkFailure[];
  /** The database itself is not the one that was sealed. */
  readonly refusal: string | undefined;
  readonly isInterrupted: boolean;
  /** From `start` to the last entry. */
  readonly isComplete: boolean;
  readonly trouble: string | undefined;
  /** The rows before `start` were compared at an earlier time. */
  readonly earlier: { readonly entries: number; readonly at: string } | undefined;
}

const SAVE_EVERY_MS = 2_000;

/**
 * Compares rows with what was sealed, from where the last verification ended, and remembers how far it came.
 *
 * Another database than the one that was sealed is compared from the beginning, so that a person knows what it would be to
 * accept it; nothing is remembered of that.
 */
export async function verifyRowsFrom(request: RowsRequest): Promise<RowsResult> {
  try {
    return await compareFrom(request, undefined);
  } catch (error) {
    if (!(error instanceof SealRefused) || error.kind !== 'fork') throw error;
    const unkept = { ...request, isFull: true, isRestart: true, save: () => Promise.resolve() };
    return await compareFrom(unkept, error.message);
  }
}

async function compareFrom(request: RowsRequest, refusal: string | undefined): Promise<RowsResult> {
  const { store, isRestart, signal, save } = request;
  let state = request.state;
  const pass = isRestart ? newPass(request) : goOn(request);
  const keep = async () => {
    state = { ...state, sweep: pass };
    await save(state);
  };
  let savedAt = performance.now();
  const base = store.index.size(pass.next - 1) - pass.rows;
  const ofRows = store.index.size(store.index.length - 1) - base;
  let saving: Promise<void> = Promise.resolve();
  let problem: string | undefined;
  const outcome = await compare(request, pass, refusal !== undefined, (next, step) => {
    pass.next = next;
    pass.rows += step.rows;
    pass.chunks += step.verified.length + step.failures.length;
    pass.disposedChunks += step.disposed.length;
    pass.failures.push(...step.failures.map(mutable));
    request.progress?.({ rows: pass.rows, ofRows, failures: pass.failures.length });
    if (performance.now() - savedAt < SAVE_EVERY_MS) return;
    savedAt = performance.now();
    saving = saving.then(keep);
  }).catch((error: unknown) => {
    if (signal.aborted) return 'interrupted' as const;
    if (!(error instanceof SealUnavailable)) throw error;
    problem = error.message;
    return 'incomplete' as const;
  });
  await saving;
  const isComplete = outcome === 'complete';
  await save(isComplete ? ended(state, pass, store.index.length) : { ...state, sweep: pass });
  const earlier = pass.start > 0 && request.start === undefined ? request.state.rowsUpTo : undefined;
  return {
    start: pass.start,
    rows: pass.rows,
    chunks: pass.chunks,
    disposedChunks: pass.disposedChunks,
    failures: pass.failures,
    refusal,
    isInterrupted: outcome === 'interrupted',
    isComplete,
    trouble: problem,
    earlier,
  };
}

type Step = Parameters<NonNullable<Parameters<typeof verifyRows>[0]['progress']>>[0]['step'];

async function compare(
  { store, access, replicaOf, signal }: RowsRequest,
  pass: RowsPass,
  isOther: boolean,
  onStep: (next: number, step: Step) => void,
): Promise<'complete' | 'incomplete'> {
  const session = await SealSession.open(access, signal);
  const replica = replicaOf === undefined ? undefined : new SealReplica(replicaOf);
  try {
    if (isOther) await endRanges(store, session, signal);
    await verifyRows({
      store,
      session,
      signal,
      ...(replica === undefined ? {} : { replica }),
      isOther,
      start: pass.next,
      progress: ({ next, step }) => onStep(next, step),
    });
    return pass.next >= store.index.length ? 'complete' : 'incomplete';
  } finally {
    await replica?.close();
    await session.close();
  }
}

/** As an epoch that accepts this database would: what was written since was never sealed, and is no row too many. */
async function endRanges(store: AuditStore, session: SealSession, signal: AbortSignal): Promise<void> {
  const upTo = await session.snapshot(signal, async () =>
    lastInherited(store, session, (await readSnapshot(session)).xmax, signal),
  );
  if (upTo !== undefined) store.view.end(store.index.length, upTo);
}

function newPass({ state, start, isFull }: RowsRequest): RowsPass {
  const first = start ?? (isFull ? 0 : (state.rowsUpTo?.entries ?? 0));
  const startedAt = new Date().toISOString();
  return { start: first, isFull, next: first, rows: 0, chunks: 0, disposedChunks: 0, failures: [], startedAt };
}

/** One that was interrupted, when it was of the same kind; the log before it was just verified to be the same. */
function goOn(request: RowsRequest): RowsPass {
  const { state, store, isFull } = request;
  const fresh = newPass(request);
  const { sweep: pass } = state;
  const isSame = pass !== undefined && pass.isFull === isFull && pass.start === fresh.start;
  return isSame && pass.next < store.index.length ? { ...pass, failures: [...pass.failures] } : fresh;
}

/** The next verification begins before the first failure, so that it is compared again. */
function ended({ sweep: _, ...state }: VerifyState, { start, failures }: RowsPass, length: number): VerifyState {
  const before = state.rowsUpTo?.entries ?? 0;
  const good = failures.reduce((least, { seq }) => Math.min(least, seq), length);
  // Rows after a gap that was not compared do not count as verified.
  const entries = start <= before ? good : Math.min(before, good);
  return entries === 0 ? withoutRows(state) : { ...state, rowsUpTo: { entries, at: new Date().toISOString() } };
}

function withoutRows({ rowsUpTo: _, ...state }: VerifyState): VerifyState {
  return state;
}

function mutable({ changed, missing, added, ...rest }: ChunkFailure): RowsPass['failures'][number] {
  return { ...rest, changed: [...changed], missing: [...missing], added: [...added] };
}

import { existsSync } from 'node:fs';
import type { DatabaseAccess } from '../../../pack/index.js';
import { readBounded, UnreadableFile } from '../../../pack/reading/bounded-file.js';
import type { Seal } from '../../../pack/sealing/model.js';
import { announcedKeys } from '../../runtime/sealing/log/announced-keys.js';
import {
  type AuditStore,
  type LogFailure,
  type LogVerification,
  NoteError,
  type NoteVerifier,
  openCheckpoint,
  parseVkey,
  SealRefused,
  verifyAuditLog,
} from '../seal/index.js';
import { type AnchorAnswer, askAnchors, EMPTY } from './anchors.js';
import { openForReading } from './seal-view.js';
import { readVerifyState, type VerifyState, writeVerifyState } from './verify-state.js';
import { type RowsResult, verifyRowsFrom } from './verifying-rows.js';

/** Where the public keys come from, the weakest source last. */
export type KeySource = 'given' | 'pinned before' | 'the log itself';

export interface VerificationRequest {
  readonly origin: string;
  /** The log, or a copy of it. */
  readonly logPath: string;
  /** Given by who verifies; none means those of earlier verifications or, at the first, those of the log itself. */
  readonly keys: readonly NoteVerifier[];
  /** Signed checkpoints that the verifier has from elsewhere; the log must contain them all. */
  readonly checkpoints: readonly string[];
  /** Rows are compared only behind the first of `checkpoints`. */
  readonly fromCheckpoint?: boolean;
  /** Absent: the log alone, without anchors and rows. */
  readonly trail?: { readonly seal: Seal; readonly access: DatabaseAccess; readonly replicaOf?: DatabaseAccess };
  /** Every sealed row, and not only those that no earlier verification has compared. */
  readonly isFull: boolean;
  /** Where to remember what was verified; nothing is remembered without it. */
  readonly statePath?: string;
  /** Forget where an interrupted verification was. */
  readonly isRestart: boolean;
  readonly signal: AbortSignal;
  readonly onLog?: (entries: number) => void;
  readonly onRows?: (progress: { readonly rows: number; readonly ofRows: number; readonly failures: number }) => void;
}

export interface VerificationResult {
  /** `unknown`: nothing was found wrong, but not everything could be checked. */
  readonly verdict: 'verified' | 'failed' | 'unknown';
  readonly keySource: KeySource;
  readonly log: LogVerification;
  readonly anchors: readonly { readonly name: string; readonly answered: boolean; readonly detail: string }[];
  readonly rows: RowsResult | undefined;
  /** Why the verdict is not better. */
  readonly reasons: readonly string[];
}

/** Verifies by public keys, anchors and the state of earlier verifications. It trusts nothing that the sealer says. */
export async function verify(request: VerificationRequest): Promise<VerificationResult> {
  const { origin, logPath, signal, statePath, trail } = request;
  const state = statePath === undefined ? undefined : await readVerifyState(statePath, origin);
  const { keys, source } = await keysFor(request, state);
  const answers = trail === undefined ? [] : await askAnchors(trail.seal, state?.trusted?.seq ?? 0, signal);
  const anchored = checkpointsOf(answers);
  const log = await verifyAuditLog({
    path: logPath,
    origin,
    keys,
    ...(state?.trusted === undefined ? {} : { trusted: state.trusted }),
    others: [...request.checkpoints, ...anchored.checkpoints],
    signal,
    ...(request.onLog === undefined ? {} : { progress: request.onLog }),
  });
  const failures: readonly LogFailure[] = [...log.failures, ...anchored.failures];
  const anchors = answers.map(({ name, line, error }) => ({
    name,
    answered: line !== undefined,
    detail: error ?? (line !== undefined ? 'compared' : log.entries === 0 ? 'it holds nothing' : EMPTY),
  }));
  const partial = { keySource: source, log: { ...log, ok: failures.length === 0, failures }, anchors };
  if (failures.length > 0) {
    // The earlier state stays, so that later verifications still require what was once verified.
    return { ...partial, verdict: 'failed', rows: undefined, reasons: failures.map(({ message }) => message) };
  }
  if (log.entries === 0)
    return { ...partial, verdict: 'unknown', rows: undefined, reasons: [`there is no log at ${logPath}`] };
  const next: VerifyState = {
    ...(state ?? { version: 1, origin }),
    version: 1,
    origin,
    keys: source === 'given' || state === undefined ? keys.map(({ vkey }) => vkey) : state.keys,
    isPinned: source === 'given' || state?.isPinned === true,
    ...(log.trusted === undefined ? {} : { trusted: log.trusted }),
  };
  const save = async (changed: VerifyState) => {
    if (statePath !== undefined) await writeVerifyState(statePath, changed);
  };
  await save(next);
  if (trail === undefined) {
    return { ...partial, verdict: 'verified', rows: undefined, reasons: [] };
  }
  const rows = await rowsOf(request, trail, next, save);
  return { ...partial, ...judge(rows, answers), rows };
}

async function rowsOf(
  request: VerificationRequest,
  trail: NonNullable<VerificationRequest['trail']>,
  state: VerifyState,
  save: (state: VerifyState) => Promise<void>,
): Promise<RowsResult> {
  let store: AuditStore;
  try {
    store = await openForReading(trail.seal.directory, request.origin);
  } catch (error) {
    if (!(error instanceof SealRefused)) throw error;
    return refused(error);
  }
  const [checkpoint] = request.fromCheckpoint === true ? request.checkpoints : [];
  const behind = checkpoint === undefined ? undefined : entryBehind(store, sizeOf(checkpoint, request));
  try {
    return await verifyRowsFrom({
      store,
      access: trail.access,
      ...(trail.replicaOf === undefined ? {} : { replicaOf: trail.replicaOf }),
      signal: request.signal,
      state,
      save,
      isRestart: request.isRestart,
      isFull: request.isFull,
      ...(behind === undefined ? {} : { start: behind }),
      ...(request.onRows === undefined ? {} : { progress: request.onRows }),
    });
  } catch (error) {
    if (!(error instanceof SealRefused)) throw error;
    return refused(error);
  }
}

function refused(error: SealRefused): RowsResult {
  const nothing = { start: 0, rows: 0, chunks: 0, disposedChunks: 0, earlier: undefined };
  return {
    ...nothing,
    failures: [],
    refusal: error.message,
    isInterrupted: false,
    isComplete: false,
    trouble: undefined,
  };
}

function judge(rows: RowsResult, answers: readonly AnchorAnswer[]): Pick<VerificationResult, 'verdict' | 'reasons'> {
  const { length } = rows.failures;
  const differing = length === 0 ? [] : [`${length} ${length === 1 ? 'chunk is' : 'chunks are'} not as sealed`];
  if (rows.refusal !== undefined) return { verdict: 'failed', reasons: [rows.refusal, ...differing] };
  if (length > 0) return { verdict: 'failed', reasons: differing };
  if (rows.isInterrupted)
    return { verdict: 'unknown', reasons: ['it was interrupted; the same command goes on from there'] };
  if (!rows.isComplete) return { verdict: 'unknown', reasons: [rows.trouble ?? 'not every row could be compared'] };
  // An anchor answered that it holds nothing: whoever rolled the log back may have emptied it.
  const empty = answers.filter(({ line, error }) => line === undefined && error === undefined);
  if (empty.length > 0) {
    return { verdict: 'unknown', reasons: empty.map(({ name }) => `anchor ${name}: ${EMPTY}`) };
  }
  const silent = answers.filter(({ error }) => error !== undefined).length;
  // Where other anchors agree, a silent one does not matter. Without any answer a rolled-back log would not show.
  if (answers.length > 0 && silent === answers.length) {
    return {
      verdict: 'unknown',
      reasons: ['no anchor could be asked, so a log that was rolled back as a whole would not show'],
    };
  }
  return { verdict: 'verified', reasons: [] };
}

async function keysFor(
  { keys, logPath }: VerificationRequest,
  state: VerifyState | undefined,
): Promise<{ readonly keys: readonly NoteVerifier[]; readonly source: KeySource }> {
  if (keys.length > 0) return { keys, source: 'given' };
  if (state !== undefined && state.keys.length > 0) {
    return { keys: state.keys.map(parseVkey), source: state.isPinned ? 'pinned before' : 'the log itself' };
  }
  return { keys: await announcedKeys(logPath), source: 'the log itself' };
}

/** Of each anchor its newest checkpoint; a line that is none speaks against the anchor, and is said. */
function checkpointsOf(answers: readonly AnchorAnswer[]): { checkpoints: string[]; failures: LogFailure[] } {
  const checkpoints: string[] = [];
  const failures: LogFailure[] = [];
  for (const { name, line } of answers) {
    if (line === undefined) continue;
    const checkpoint = checkpointIn(line);
    if (checkpoint === undefined)
      failures.push({ kind: 'anchor', message: `anchor ${name} holds what is no entry of a log` });
    else checkpoints.push(checkpoint);
  }
  return { checkpoints, failures };
}

function checkpointIn(line: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || !('checkpoint' in parsed)) return undefined;
    return typeof parsed.checkpoint === 'string' ? parsed.checkpoint : undefined;
  } catch {
    return undefined;
  }
}

function sizeOf(checkpoint: string, { keys, origin }: VerificationRequest): number {
  // verifyAuditLog has checked it against the log by now; only its size is wanted.
  const lines = checkpoint.split('\n');
  return keys.length > 0 ? openCheckpoint(checkpoint, keys, origin).size : Number(lines[1]);
}

function entryBehind(store: AuditStore, size: number): number {
  let seq = 0;
  while (seq < store.index.length && store.index.size(seq) < size) seq += 1;
  // Of several of this size the first: quiet intervals have ranges too, into which a row may have been slipped.
  return Math.min(seq + 1, store.index.length);
}

const MOST_KEY_BYTES = 64 * 1024;

/**
 * @param given a key, or a file that holds one.
 * @throws {NoteError} when it is no verifier key.
 */
export function readKey(given: string): NoteVerifier {
  try {
    return parseVkey(given);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    const text = fileText(given);
    if (/PRIVATE KEY/.test(text)) {
      throw new NoteError(
        `${given} holds a private key; expected the public one, name+keyid+base64, as it was published`,
      );
    }
    try {
      return parseVkey(text);
    } catch (inFile) {
      throw inFile instanceof NoteError ? new NoteError(`${given}: ${inFile.message}`) : inFile;
    }
  }
}

function fileText(path: string): string {
  try {
    return readBounded(path, MOST_KEY_BYTES, { pipes: true }).bytes.toString('utf8');
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (existsSync(path)) throw new NoteError(`${path} ${error.message}`);
    const shown = /^[\w./-]{1,100}$/.test(path) ? `"${path}"` : 'what was given';
    throw new NoteError(`${shown} is no verifier key, and no file that can be read; expected name+keyid+base64`);
  }
}

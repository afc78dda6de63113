import { join } from 'node:path';
import type { Seal } from '../../../pack/sealing/model.js';
import { kopCall } from '../../runtime/call.js';
import { announcedKeys } from '../../runtime/sealing/log/announced-keys.js';
import { Disk } from '../../runtime/sealing/log/disk.js';
import { type FailedChunk, readFailedChunks } from '../seal/failed-chunks.js';
import { type AuditStore, openAuditStore, SealRefused } from '../seal/index.js';
import { type AnchorView, askAnchors, compareAnchor } from './anchors.js';

/** Reads a seal directory without the sealer and without its key. */
export interface SealView {
  readonly origin: string;
  readonly directory: string;
  readonly state: 'sealed' | 'stale' | 'empty' | 'contradictory';
  readonly reason: string;
  readonly checkpoint: { readonly entry: number; readonly records: number; readonly at: string } | undefined;
  readonly disposedRecords: number;
  /** Who may sign the next checkpoint. */
  readonly keys: readonly string[];
  readonly anchors: readonly AnchorView[];
  /** Chunks whose rows the exporter last found to differ from what was sealed. */
  readonly failedChunks: readonly FailedChunk[];
}

/** After this many intervals and one pass without a checkpoint, sealing has stopped. */
const PATIENCE = 3;
const PASS_MS = 20_000;

export async function sealView(seal: Seal, signal: AbortSignal, now: Date = new Date()): Promise<SealView> {
  const { origin, directory } = seal;
  const nothing = {
    origin,
    directory,
    checkpoint: undefined,
    disposedRecords: 0,
    keys: [],
    anchors: [],
    failedChunks: [],
  };
  try {
    const before = await openForReading(directory, origin);
    const answers = await askAnchors(seal, before.last?.statement.seq ?? 0, signal);
    const store = await openForReading(directory, origin);
    const { last } = store;
    if (last === undefined) {
      return { ...nothing, state: 'empty', reason: 'nothing was sealed here yet; the exporter seals while it runs' };
    }
    const anchors = await Promise.all(answers.map((answer) => compareAnchor(answer, store, signal)));
    const failedChunks = (await readFailedChunks(new Disk(), directory)).filter(
      ({ seq }) => !store.index.isDisposed(seq),
    );
    const at = new Date(last.statement.time);
    return {
      origin,
      directory,
      ...judge(anchors, failedChunks, now.getTime() - at.getTime() > PATIENCE * seal.intervalMs + PASS_MS),
      checkpoint: { entry: last.statement.seq, records: last.statement.size, at: at.toISOString() },
      disposedRecords: store.index.disposedRecords,
      keys: last.statement.keys,
      anchors,
      failedChunks,
    };
  } catch (error) {
    if (!(error instanceof SealRefused)) throw error;
    return { ...nothing, state: 'contradictory', reason: error.message };
  }
}

/** Reads while a sealer runs and holds the lock. */
export async function openForReading(directory: string, origin: string): Promise<AuditStore> {
  const keys = await announcedKeys(join(directory, 'log.jsonl'));
  return openAuditStore({ directory, origin, keys, readOnly: true });
}

function judge(
  anchors: readonly AnchorView[],
  failedChunks: readonly FailedChunk[],
  isStale: boolean,
): Pick<SealView, 'state' | 'reason'> {
  const contradicted = anchors.find(({ state }) => state === 'contradicts');
  if (contradicted !== undefined) return { state: 'contradictory', reason: contradicted.detail };
  if (failedChunks.length > 0) return { state: 'contradictory', reason: failedText(failedChunks) };
  return isStale
    ? { state: 'stale', reason: 'no checkpoint was made lately, so what came since can be altered unnoticed' }
    : { state: 'sealed', reason: 'checkpoints are made in time' };
}

const MOST_NAMED = 5;

function failedText(failedChunks: readonly FailedChunk[]): string {
  const named = failedChunks.slice(0, MOST_NAMED).map(({ seq }) => seq);
  const others = failedChunks.length - named.length;
  const entries = `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
  return `the records under ${failedChunks.length === 1 ? 'entry' : 'entries'} ${entries} are not as sealed, as the exporter found when it read them again; ${kopCall()} audit verify --full names them`;
}

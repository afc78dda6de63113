import { randomBytes } from 'node:crypto';
import type { ScannedColumn } from '../../../pack/encryption/model.js';
import { resolveColumn } from './column.js';
import type { ScanDatabase } from './database.js';
import { ScanFailure } from './failure.js';
import { addFindings } from './findings.js';
import type { ScanPace } from './pace.js';
import { readerFor } from './reader.js';
import { type NonceGroup, repetitions } from './reuse.js';
import { Spool, SpoolDamaged } from './spool.js';
import type { SavedScan, ScanState, StateStore, WholeScan } from './state.js';
import { addBatch, emptyTally } from './tally.js';

export interface ColumnScanOptions {
  readonly column: ScannedColumn;
  readonly database: ScanDatabase;
  readonly pace: ScanPace;
  readonly batchRows: number;
  readonly store: StateStore;
  /** As it was loaded; the scan continues from its progress. */
  readonly state: ScanState;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ScanProgress) => void;
  readonly now?: () => number;
}

export interface ScanProgress {
  readonly rows: number;
  readonly estimatedRows: number;
  readonly tally: SavedScan['tally'];
  /** 0..1, and 1 only at the end. */
  readonly ratio: number;
}

/** Progress is saved this often; the next process repeats what came after it. */
const CHECKPOINT_MS = 2000;
const SMALLEST_BATCH = 50;
/**
 * How many suspicions are checked a second time. Among n rows, n² / 2^65 nonces have the hash of another one by chance:
 * less than one among 6,000,000,000. More suspicions than this are not chance, and checking all of them would take too
 * long.
 */
const SECOND_LOOKS = 100;

/**
 * Reads one column from its first row to its last, or from where an earlier process stopped.
 *
 * @throws {ScanFailure}
 */
export async function scanColumn(options: ColumnScanOptions): Promise<WholeScan> {
  const { column, database, store, state, signal, now = Date.now } = options;
  const resolved = await database.look(signal, (query) => resolveColumn(query, column));
  const reader = readerFor(resolved, state.seed);
  const progress = state.progress ?? begin(now());
  const spool = await openSpool(store, progress);
  progress.tally.seed = state.seed;
  state.progress = progress;
  await store.removeOtherSpools(progress.id);
  const tell = () => options.onProgress?.(progressOf(progress, resolved.estimatedRows));
  const checkpoint = async () => {
    progress.spoolBytes = spool.bytes;
    await store.save(state);
  };
  let savedAt = performance.now();
  let wanted = options.pace.batchRows(options.batchRows);
  try {
    tell();
    for (;;) {
      await options.pace.wait(signal);
      const beganAt = performance.now();
      const batch = await database
        .look(signal, (query) => reader.next(query, progress.position, wanted))
        .catch((error: unknown) => {
          if (!(error instanceof ScanFailure) || error.kind !== 'timeout' || wanted <= SMALLEST_BATCH) throw error;
          wanted = Math.max(SMALLEST_BATCH, Math.floor(wanted / 4));
          return 'again' as const;
        });
      if (batch === 'again') continue;
      if (batch === undefined) break;
      options.pace.spent(batch.rows, beganAt);
      await spool.append(batch);
      addBatch(progress.tally, batch);
      addFindings(progress.findings, progress.position, batch);
      progress.position = batch.last;
      tell();
      if (performance.now() - savedAt > CHECKPOINT_MS) {
        await checkpoint();
        savedAt = performance.now();
      }
    }
    const prints = progress.tally.states.encrypted;
    const { copies, suspects } = await repetitions(spool, prints, signal);
    const reuse = await confirmed(suspects, options, reader);
    const { startedAtMs, tally, findings } = progress;
    const whole = { startedAtMs, endedAtMs: now(), tally, findings, copies, reuse };
    state.whole = whole;
    delete state.progress;
    await store.save(state);
    await spool.remove();
    return whole;
  } catch (error) {
    if (error instanceof SpoolDamaged) delete state.progress;
    await checkpoint().catch(() => undefined);
    await spool.close().catch(() => undefined);
    throw error;
  }
}

function begin(nowMs: number): SavedScan {
  return {
    id: randomBytes(8).toString('hex'),
    startedAtMs: nowMs,
    spoolBytes: 0,
    tally: emptyTally(),
    findings: [],
  };
}

/** Without the hashes the progress is useless, because earlier nonces are unknown. */
async function openSpool(store: StateStore, progress: SavedScan): Promise<Spool> {
  const path = await store.spoolPath(progress.id);
  try {
    return await Spool.open(store.folder, path, progress.spoolBytes);
  } catch {
    Object.assign(progress, begin(progress.startedAtMs), { id: progress.id, position: undefined });
    return Spool.open(store.folder, path, 0);
  }
}

async function confirmed(
  suspects: readonly NonceGroup[],
  { database, pace, signal, batchRows }: ColumnScanOptions,
  reader: ReturnType<typeof readerFor>,
): Promise<WholeScan['reuse']> {
  const found: WholeScan['reuse'] = [];
  for (const [index, { print, rows, stretches }] of suspects.entries()) {
    if (index < SECOND_LOOKS) {
      await pace.wait(signal);
      const beganAt = performance.now();
      const isTrue = await database.look(signal, (query) =>
        reader.confirms(query, stretches, Buffer.from(print, 'hex')),
      );
      pace.spent(stretches.length * pace.batchRows(batchRows), beganAt);
      if (!isTrue) continue;
    }
    found.push({ print, rows });
  }
  return found;
}

function progressOf({ tally }: SavedScan, estimatedRows: number): ScanProgress {
  const ratio = estimatedRows > 0 ? Math.min(0.999, tally.rows / estimatedRows) : 0;
  return { rows: tally.rows, estimatedRows, tally, ratio };
}

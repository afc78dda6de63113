import type { CiphertextScan, FieldEncryption, ScannedColumn } from '../../../pack/encryption/model.js';
import { type Redactor, silentLogger } from '../../runtime/log.js';
import type { StateFolder } from '../../runtime/state/index.js';
import { KeyWatch } from '../keys/key-watch.js';
import { type ScanProgress, scanColumn } from './column-scan.js';
import { ScanDatabase } from './database.js';
import { scanFailureOf } from './failure.js';
import { ScanPace } from './pace.js';
import type { WholeScan } from './state.js';
import { type ColumnVerdict, judge } from './verdict.js';
import { storeFor } from './watch.js';

export interface ScanOnceOptions {
  readonly encryption: FieldEncryption;
  readonly scan: CiphertextScan;
  /** Where its progress is stored; separate from the exporter's, which may scan at the same time. */
  readonly folder: StateFolder;
  readonly columns: readonly ScannedColumn[];
  /** Start from the beginning even if an earlier scan was interrupted. */
  readonly isRestart: boolean;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly onProgress: (column: ScannedColumn, progress: ScanProgress) => void;
  readonly onNote: (column: ScannedColumn, note: string) => void;
}

export type ColumnOutcome =
  | {
      readonly column: ScannedColumn;
      readonly whole: WholeScan;
      readonly verdict: ColumnVerdict;
      /** Why the versions in it could not be checked. */
      readonly keyProblem?: string;
    }
  | { readonly column: ScannedColumn; readonly problem: string; readonly wasStopped: boolean };

/**
 * Scans columns once, for a command.
 */
export async function scanOnce(options: ScanOnceOptions): Promise<ColumnOutcome[]> {
  const { encryption, columns, redactor, signal } = options;
  const { scan } = options;
  const reading = new ScanDatabase(scan.database, redactor, scan.replica);
  const database = new ScanDatabase(scan.database, redactor);
  const keys = new KeyWatch({ encryption, database, redactor, log: silentLogger });
  const pace = new ScanPace(scan.rowsPerSecond);
  const outcomes: ColumnOutcome[] = [];
  try {
    for (const column of columns) {
      try {
        const whole = await scanOne(options, scan, column, reading, pace);
        // After the scan, so that a version that was created in the meantime is known.
        await keys.refresh(signal);
        const key = keys.state(column.key);
        outcomes.push({
          column,
          whole,
          verdict: judge(whole.tally, column, key?.knowledge ?? {}),
          ...(key?.problem === undefined ? {} : { keyProblem: key.problem }),
        });
      } catch (error) {
        outcomes.push({ column, problem: scanFailureOf(error).message, wasStopped: signal.aborted });
        if (signal.aborted) break;
      }
    }
    return outcomes;
  } finally {
    await Promise.all([reading.close(), database.close()]);
  }
}

async function scanOne(
  { encryption, folder, isRestart, signal, onProgress, onNote }: ScanOnceOptions,
  scan: CiphertextScan,
  column: ScannedColumn,
  database: ScanDatabase,
  pace: ScanPace,
): Promise<WholeScan> {
  const store = storeFor(folder, encryption.portal, column);
  const { state, problem } = await store.load();
  if (problem !== undefined) onNote(column, problem);
  if (isRestart) delete state.progress;
  else if (state.progress !== undefined) {
    onNote(column, `going on after ${state.progress.tally.rows} rows; --restart starts from the beginning`);
  }
  return scanColumn({
    column,
    database,
    pace,
    batchRows: scan.batchRows,
    store,
    state,
    signal,
    onProgress: (progress) => onProgress(column, progress),
  });
}

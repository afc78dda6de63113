import type { AuditRecords } from '../../../pack/audit-trail/model.js';
import type { AuditStore } from './audit-log.js';
import { positionsOf, readLeaves, readLeavesAt } from './row-source.js';
import type { SealSession } from './session.js';
import type { Position, RowFormat } from './statement.js';

/** Rows that turned up inside a range that is sealed already. Only tables without an xid8 column can have such. */
export interface LateRows {
  readonly positions: readonly Position[];
  readonly leaves: Buffer;
  readonly keys: Buffer;
  readonly counts: ReadonlyMap<string, number>;
  /** There may be more than were examined; the next pass goes on. */
  readonly isCut: boolean;
  /** More rows lie in the window than are read again, so late ones among the newest of them are not found. */
  readonly isWindowCut: boolean;
}

const nothing = Buffer.alloc(0);
export const noLateRows: LateRows = {
  positions: [],
  leaves: nothing,
  keys: nothing,
  counts: new Map(),
  isCut: false,
  isWindowCut: false,
};

const MIN_OVERLAP_MS = 60_000;
export const MAX_OVERLAP_ROWS = 200_000;
const MAX_LATE_ROWS = 1_000;

/**
 * Reads again what was sealed lately. An application that sets the time of its records itself, or late, writes below
 * the watermark; what is found here becomes the first leaves of the next chunk and is named in its statement.
 *
 * What is dated further back than the window is not sealed late: nobody could tell it from a record that was forged into
 * the past. The rolling verification finds it as a row too many in a sealed range, and people decide.
 */
export async function findLate(
  store: AuditStore,
  session: SealSession,
  format: RowFormat,
  records: AuditRecords,
  countedColumns: number,
): Promise<LateRows> {
  const to = store.view.lastBound;
  if (to === undefined || store.view.rows?.certainty !== 'overlap') return noLateRows;
  const start = timeOf(to.order) - Math.max(MIN_OVERLAP_MS, 2 * records.maxWriteLagMs);
  const from = { order: new Date(start).toISOString() };
  const batch = await readLeaves(
    session,
    format,
    { from, to, limit: MAX_OVERLAP_ROWS },
    { rows: 1_024, countedColumns },
  );
  if (batch.count === 0) return noLateRows;
  const isWindowCut = batch.count >= MAX_OVERLAP_ROWS;
  const sealed = await sealedKeys(store, start);
  const lines = keyLines(batch.keys);
  const late = lines.filter((key) => !sealed.has(key)).slice(0, MAX_LATE_ROWS);
  if (late.length === 0) return { ...noLateRows, isWindowCut };
  const positions = positionsOf(Buffer.from(`${late.join('\n')}\n`, 'utf8'));
  const { leaves, keys, counts } = await readLeavesAt(session, format, positions, {
    rows: late.length,
    countedColumns,
  });
  return { positions: positionsOf(keys), leaves, keys, counts, isCut: late.length === MAX_LATE_ROWS, isWindowCut };
}

/** Keys of all rows sealed from this time on, by walking back from the newest chunk. */
async function sealedKeys(store: AuditStore, start: number): Promise<ReadonlySet<string>> {
  const sealed = new Set<string>();
  for (let seq = store.index.length - 1; seq >= 0; seq -= 1) {
    if (!store.view.isChunk(seq)) continue;
    const file = await store.leafFile(seq);
    if (file !== undefined) for (const key of keyLines(file.keys)) sealed.add(key);
    const { statement } = await store.entry(seq);
    // Later chunks may hold late rows of this time too, and they have all been walked through by now.
    if (statement.kind === 'chunk' && (statement.from === undefined || timeOf(statement.from.order) < start)) break;
  }
  return sealed;
}

function keyLines(keys: Buffer): readonly string[] {
  return keys.length === 0 ? [] : keys.toString('utf8', 0, keys.length - 1).split('\n');
}

/** PostgreSQL's ISO text in UTC, with or without its offset. */
function timeOf(text: string): number {
  return Date.parse(`${text.replace(' ', 'T').replace(/(Z|\+00(:00)?)$/, '')}Z`);
}

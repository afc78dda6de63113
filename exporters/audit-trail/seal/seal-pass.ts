import { z } from 'zod';
import type { AuditRecords } from '../../../pack/audit-model.js';
import { type DatabaseState, readIdentity, readOldestStart, readSnapshot, whyNotSame } from './database-state.js';
import { SealRefused } from './errors.js';
import { findLate, type LateRows, noLateRows } from './late-rows.js';
import type { NoteSigner } from './note.js';
import { countColumns, readShape, selectIsBefore, selectOldestBeyond, type TableShape } from './row-format.js';
import { type LeafBatch, lastPositionOf, positionsOf, readLeaves, unescapeCopy } from './row-source.js';
import type { Session } from './session.js';
import type { Bound, RowFormat } from './statement.js';
import type { SealStore } from './store.js';

export interface PassOptions {
  readonly store: SealStore;
  readonly session: Session;
  readonly records: AuditRecords;
  readonly signers: readonly NoteSigner[];
  readonly maxRowsPerChunk: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** A pass holds a snapshot, which keeps the database from cleaning up; after this it ends between two chunks. */
  readonly maxPassMs: number;
  readonly progress?: (sealed: { readonly rows: number; readonly size: number }) => void;
}

export interface PassResult {
  readonly rows: number;
  readonly chunks: number;
  /** More rows are waiting; the next pass should follow at once. */
  readonly hasMore: boolean;
  readonly state: DatabaseState;
  readonly shape: TableShape;
  /** When the oldest record that is visible and not sealed was written. */
  readonly oldestUnsealed: Date | undefined;
  readonly lateRows: number;
  /** Late rows among the newest could not be looked for; see `LateRows`. */
  readonly isLateWindowCut: boolean;
}

/** Seals what is certain by now: at least one entry, so that a quiet interval is proven quiet. */
export async function sealPass(options: PassOptions): Promise<PassResult> {
  const { session, records, signal, store } = options;
  const end = session.cutOn(signal);
  try {
    const identity = await readIdentity(session);
    // Before the snapshot: whoever is not seen open here is either in the snapshot or began later.
    const oldestStart =
      records.columns.transaction === undefined ? await readOldestStart(session, records.maxWriteLagMs) : undefined;
    return await session.snapshot(signal, async () => {
      const { name, ...snapshot } = await readSnapshot(session);
      const state = { ...snapshot, identity: { name, ...identity } };
      refuseOther(store, state);
      const shape = await readShape(session, records, store.index.rows);
      const watermark = await forwardOnly(session, shape.format, store.index.lastBound, oldestStart ?? state.xmin);
      return await new Pass(options, state, shape).run(watermark);
    });
  } finally {
    end();
  }
}

export function refuseOther(store: SealStore, state: DatabaseState): void {
  const seen = store.index.seenDatabase;
  const reason = seen === undefined ? undefined : whyNotSame(seen, state);
  if (reason !== undefined) {
    throw new SealRefused(
      'fork',
      `${reason}; nothing is sealed on top of it. If this was planned, verify the records and accept the new epoch`,
    );
  }
}

const isBefore = z.object({ before: z.boolean() });

/** A bound never moves back, whatever the clock or a standby says. */
async function forwardOnly(
  session: Session,
  format: RowFormat,
  last: Bound | undefined,
  order: string,
): Promise<Bound> {
  if (last === undefined) return { order };
  const { before } = await session.one(selectIsBefore(format, last.order, order), isBefore);
  return before ? { order } : last;
}

const oldestRow = z.object({ at: z.number().nullable() });

class Pass {
  readonly #options: PassOptions;
  readonly #state: DatabaseState;
  readonly #shape: TableShape;
  readonly #countedColumns: number;
  #rows = 0;
  #chunks = 0;

  constructor(options: PassOptions, state: DatabaseState, shape: TableShape) {
    this.#options = options;
    this.#state = state;
    this.#shape = shape;
    this.#countedColumns = countColumns(options.records).filter((name) => shape.format.columns.includes(name)).length;
  }

  async run(watermark: Bound): Promise<PassResult> {
    const { store, session, records, signal, maxPassMs, maxRowsPerChunk } = this.#options;
    const { format } = this.#shape;
    const deadline = performance.now() + maxPassMs;
    let from = store.index.lastBound;
    const late =
      format.certainty === 'overlap'
        ? await findLate(store, session, format, records, this.#countedColumns)
        : noLateRows;
    let pendingLate = late;
    let batch = await this.#read(from, watermark);
    let hasMore = false;
    for (;;) {
      signal.throwIfAborted();
      const isCut = batch.count >= maxRowsPerChunk;
      const to = isCut ? lastPositionOf(batch.keys) : watermark;
      hasMore = isCut && performance.now() > deadline;
      // The next chunk's rows are on their way while this one is hashed into the tree and written.
      const next = isCut && !hasMore ? this.#read(to, watermark) : undefined;
      const [committed, read] = await Promise.allSettled([this.#commit(batch, from, to, pendingLate), next]);
      if (committed.status === 'rejected') throw committed.reason;
      if (read.status === 'rejected') throw read.reason;
      if (read.value === undefined || read.value.count === 0) break;
      pendingLate = noLateRows;
      from = to;
      batch = read.value;
    }
    const sealedTo = store.index.lastBound ?? watermark;
    const rest = await session.rows(selectOldestBeyond(format, records.columns.at.column, sealedTo), oldestRow);
    const at = rest[0]?.at ?? undefined;
    await store.settle();
    return {
      rows: this.#rows,
      chunks: this.#chunks,
      hasMore: hasMore || late.isCut,
      state: this.#state,
      shape: this.#shape,
      oldestUnsealed: at === undefined ? undefined : new Date(at),
      lateRows: late.positions.length,
      isLateWindowCut: late.isWindowCut,
    };
  }

  #read(from: Bound | undefined, to: Bound): Promise<LeafBatch> {
    const { session, maxRowsPerChunk } = this.#options;
    return readLeaves(
      session,
      this.#shape.format,
      { from, to, limit: maxRowsPerChunk },
      { rows: Math.min(maxRowsPerChunk, 16_384), countedColumns: this.#countedColumns },
    );
  }

  async #commit(batch: LeafBatch, from: Bound | undefined, to: Bound, late: LateRows): Promise<void> {
    const { store, signers, now, progress } = this.#options;
    const leaves = late.positions.length === 0 ? batch.leaves : Buffer.concat([late.leaves, batch.leaves]);
    const keys = late.positions.length === 0 ? batch.keys : Buffer.concat([late.keys, batch.keys]);
    const count = late.positions.length + batch.count;
    const growth = store.range.append(leaves);
    const first = batch.count === 0 ? undefined : positionsOf(batch.keys.subarray(0, batch.keys.indexOf(0x0a) + 1))[0];
    const draft = {
      kind: 'chunk' as const,
      epoch: store.index.epoch,
      database: this.#state.identity,
      snapshot: { xmin: this.#state.xmin, xmax: this.#state.xmax },
      rows: this.#shape.format,
      ...(from === undefined ? {} : { from }),
      to,
      ...(first === undefined ? {} : { first, last: lastPositionOf(batch.keys) }),
      count,
      counts: this.#counts(batch, late),
      chunkRoot: growth.chunkRoot.toString('base64'),
      ...(late.positions.length === 0 ? {} : { late: [...late.positions] }),
    };
    await store.append(draft, now(), signers, count === 0 ? undefined : { leaves, keys, growth });
    this.#rows += count;
    this.#chunks += 1;
    progress?.({ rows: this.#rows, size: store.range.size });
  }

  /** By table and operation, with the table's own words. */
  #counts(batch: LeafBatch, late: LateRows): [string, string, number][] {
    const { columns } = this.#options.records;
    const hasOperation = columns.operation.path === undefined;
    const totals = new Map<string, number>();
    for (const counts of [batch.counts, late.counts]) {
      for (const [key, count] of counts) totals.set(key, (totals.get(key) ?? 0) + count);
    }
    return [...totals].map(([key, count]) => {
      const words = this.#countedColumns === 0 ? [] : key.split('\t').map(unescapeCopy);
      const operation = hasOperation ? (words.pop() ?? '') : '';
      return [columns.fixedTable ?? words.join('.'), operation, count];
    });
  }
}

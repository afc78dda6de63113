import { z } from 'zod';
import type { AuditRecords } from '../../../pack/audit-trail/model.js';
import { SealRefused } from '../../runtime/sealing/errors.js';
import type { NoteSigner } from '../../runtime/sealing/signing/note.js';
import type { AuditStore } from './audit-log.js';
import { type DatabaseState, readIdentity, readOldestStart, readSnapshot, whyNotSame } from './database-state.js';
import { findLate, type LateRows, noLateRows } from './late-rows.js';
import {
  countColumns,
  hasNumericId,
  readSealedShape,
  selectIsBefore,
  selectLastIdFrom,
  selectOldestBeyond,
  type TableShape,
} from './row-format.js';
import { type LeafBatch, lastPositionOf, positionsOf, streamLeaves, unescapeCopy } from './row-source.js';
import type { SealSession } from './session.js';
import { type Bound, type IdRange, LAST_TRANSACTION, type RowFormat } from './statement.js';

export interface PassOptions {
  readonly store: AuditStore;
  readonly session: SealSession;
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
  /** Late rows among the newest could not be searched for; see `LateRows`. */
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
      const shape = await readSealedShape(session, records, store.view.rows);
      const inherited = await inheritedUpTo(options, state, shape);
      const last = inherited === undefined ? store.view.lastBound : undefined;
      const watermark = await forwardOnly(session, shape.format, last, oldestStart ?? state.xmin);
      return await new Pass(options, state, shape).run(watermark, inherited);
    });
  } finally {
    end();
  }
}

export function refuseOther(store: AuditStore, state: DatabaseState): void {
  const seen = store.view.seenDatabase;
  const reason = seen === undefined ? undefined : whyNotSame(seen, state);
  if (reason !== undefined) {
    throw new SealRefused(
      'fork',
      `${reason}; nothing is sealed on top of it. If this was planned, verify the records and accept the new epoch`,
    );
  }
}

const lastId = z.object({ id: z.string().nullable() });

/**
 * Up to which id records are those of another database, whose transaction ids mean nothing here: as an accepted epoch
 * states it, or as a log finds it that is begun after a restore. No transaction of this database has an id that its
 * snapshot does not know yet.
 */
async function inheritedUpTo(
  { store, session }: PassOptions,
  { xmax }: DatabaseState,
  { format }: TableShape,
): Promise<string | undefined> {
  const { rows, ids } = store.view;
  if (ids.upTo !== undefined || rows !== undefined) return ids.upTo;
  if (format.certainty !== 'exact' || !hasNumericId(format)) return undefined;
  const { id } = await session.one(selectLastIdFrom(format, xmax), lastId);
  return id ?? undefined;
}

const isBefore = z.object({ before: z.boolean() });

/** A bound never moves back, whatever the clock or a standby says. */
async function forwardOnly(
  session: SealSession,
  format: RowFormat,
  last: Bound | undefined,
  order: string,
): Promise<Bound> {
  if (last === undefined) return { order };
  const { before } = await session.one(selectIsBefore(format, last.order, order), isBefore);
  return before ? { order } : last;
}

/** Chunks that one reading goes through at most. */
const MOST_CHUNKS_PER_READ = 16;
/** A slower database is asked for fewer chunks at once, so that the pass ends in time. */
const LONG_READ_MS = 1_000;
/** Chunks that may wait for the disk; beyond, the server has to wait. */
const MOST_WAITING = 3;

/** One after the other, while reading goes on. After a failure nothing more is begun. */
class Commits {
  readonly #session: SealSession;
  #waiting = 0;
  #failure: { readonly error: unknown } | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(session: SealSession) {
    this.#session = session;
  }

  /** @throws when an earlier one failed: what is read further is of no use. */
  add(commit: () => Promise<void>): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#waiting += 1;
    if (this.#waiting >= MOST_WAITING) this.#session.pause();
    this.#last = this.#last.then(() => this.#run(commit));
  }

  /** @throws what the first failed commit threw. */
  async ended(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #run(commit: () => Promise<void>): Promise<void> {
    try {
      if (this.#failure === undefined) await commit();
    } catch (error) {
      this.#failure = { error };
    }
    this.#waiting -= 1;
    if (this.#waiting < MOST_WAITING) this.#session.resume();
  }
}

/** Of which records chunks are sealed, and up to where. */
interface OpenRange {
  readonly ids: IdRange | undefined;
  readonly to: Bound;
}

function ofIds(after: string | undefined, upTo: string | undefined): IdRange | undefined {
  if (after === undefined && upTo === undefined) return undefined;
  return { ...(after === undefined ? {} : { after }), ...(upTo === undefined ? {} : { upTo }) };
}

const oldestRow = z.object({ at: z.number().nullable() });

class Pass {
  readonly #options: PassOptions;
  readonly #state: DatabaseState;
  readonly #shape: TableShape;
  readonly #countedColumns: number;
  /** To be sealed with the first chunk. */
  #late: LateRows = noLateRows;
  #hasChunks = false;
  #rows = 0;
  #chunks = 0;

  constructor(options: PassOptions, state: DatabaseState, shape: TableShape) {
    this.#options = options;
    this.#state = state;
    this.#shape = shape;
    this.#countedColumns = countColumns(options.records).filter((name) => shape.format.columns.includes(name)).length;
  }

  async run(watermark: Bound, inherited: string | undefined): Promise<PassResult> {
    const { store, session, records, maxPassMs } = this.#options;
    const { format } = this.#shape;
    const deadline = performance.now() + maxPassMs;
    const late =
      format.certainty === 'overlap'
        ? await findLate(store, session, format, records, this.#countedColumns)
        : noLateRows;
    this.#late = late;
    const commits = new Commits(session);
    const before = store.view.ids;
    const own = { ids: ofIds(inherited ?? before.after, undefined), to: watermark };
    let hasMore = false;
    try {
      if (inherited !== undefined) {
        const rest = { ids: ofIds(before.after, inherited), to: { order: LAST_TRANSACTION } };
        hasMore = await this.#sealRange(commits, rest, store.view.lastBound, deadline);
      }
      const from = inherited === undefined ? store.view.lastBound : undefined;
      if (!hasMore) hasMore = await this.#sealRange(commits, own, from, deadline);
    } finally {
      await commits.ended();
    }
    const sealedTo = store.view.lastBound ?? (inherited === undefined ? watermark : { order: '0' });
    const rest = await session.rows(
      selectOldestBeyond(format, records.columns.at.column, sealedTo, store.view.ids),
      oldestRow,
    );
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

  /** @returns whether there is more, and the time is over. */
  async #sealRange(commits: Commits, range: OpenRange, from: Bound | undefined, deadline: number): Promise<boolean> {
    let read = from;
    let chunks = 1;
    while (performance.now() <= deadline) {
      this.#options.signal.throwIfAborted();
      const begunAt = performance.now();
      const reading = await this.#sealChunks(commits, range, read, chunks);
      if (reading.isThrough) return false;
      read = reading.to;
      chunks = performance.now() - begunAt > LONG_READ_MS ? 1 : Math.min(MOST_CHUNKS_PER_READ, chunks * 2);
    }
    return true;
  }

  /**
   * Up to so many chunks with one reading of the rows. Each is hashed into the tree and written to the disk while the
   * rows of the next ones arrive.
   *
   * @returns how far was read, and whether that was all up to the watermark.
   */
  async #sealChunks(
    commits: Commits,
    { ids, to: watermark }: OpenRange,
    from: Bound | undefined,
    chunks: number,
  ): Promise<{ readonly to: Bound | undefined; readonly isThrough: boolean }> {
    const { session, maxRowsPerChunk } = this.#options;
    const limit = chunks * maxRowsPerChunk;
    let to = from;
    let rows = 0;
    const seal = (batch: LeafBatch, end: Bound) => {
      const begin = to;
      to = end;
      rows += batch.count;
      this.#hasChunks = true;
      commits.add(() => this.#commit(batch, ids, begin, end));
    };
    const rest = await streamLeaves(
      session,
      this.#shape.format,
      { from, to: watermark, ids, limit },
      { rows: maxRowsPerChunk, countedColumns: this.#countedColumns },
      (batch) => seal(batch, lastPositionOf(batch.keys)),
    );
    const isThrough = rows + rest.count < limit;
    // A pass leaves at least one entry, and none that is empty beside others; but where a range ends is always stated.
    const isEnd = isThrough && ids?.upTo !== undefined;
    if (rest.count > 0 || !this.#hasChunks || isEnd) seal(rest, watermark);
    return { to, isThrough };
  }

  async #commit(batch: LeafBatch, ids: IdRange | undefined, from: Bound | undefined, to: Bound): Promise<void> {
    const { store, signers, now, progress, signal } = this.#options;
    signal.throwIfAborted();
    const late = this.#late;
    this.#late = noLateRows;
    const leaves = late.positions.length === 0 ? batch.leaves : Buffer.concat([late.leaves, batch.leaves]);
    const keys = late.positions.length === 0 ? batch.keys : Buffer.concat([late.keys, batch.keys]);
    const count = late.positions.length + batch.count;
    const growth = store.range.append(leaves);
    const first = batch.count === 0 ? undefined : positionsOf(batch.keys.subarray(0, batch.keys.indexOf(0x0a) + 1))[0];
    const draft = {
      kind: 'chunk' as const,
      epoch: store.view.epoch,
      database: this.#state.identity,
      snapshot: { xmin: this.#state.xmin, xmax: this.#state.xmax },
      rows: this.#shape.format,
      ...(from === undefined ? {} : { from }),
      to,
      ...(ids === undefined ? {} : { ids }),
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

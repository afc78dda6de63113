import { sqlState } from '../../runtime/postgres/failure.js';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import type { LeafFile } from '../../runtime/sealing/tree/leaf-file.js';
import { chunkRootOf, HASH_BYTES } from '../../runtime/sealing/tree/merkle.js';
import type { AuditStore } from './audit-log.js';
import { type LeafBatch, positionsOf, readLeaves, readLeavesAt } from './row-source.js';
import type { SealSession } from './session.js';
import type { ChunkStatement, Position } from './statement.js';

/** Rows of a chunk that are not as they were sealed. */
export interface ChunkFailure {
  readonly kind: 'chunk' | 'missing';
  readonly seq: number;
  readonly sealedAt: string;
  readonly expected: number;
  readonly found: number;
  readonly changed: readonly Position[];
  readonly missing: readonly Position[];
  readonly added: readonly Position[];
  /** False when the leaf hashes are gone or damaged, so that only the chunk is known. */
  readonly isLocalised: boolean;
}

export interface RunVerification {
  /** The entry to go on with. */
  readonly next: number;
  readonly rows: number;
  readonly verified: readonly number[];
  readonly disposed: readonly number[];
  readonly failures: readonly ChunkFailure[];
}

const RUN_ROWS = 20_000;
const RUN_ENTRIES = 512;
const MAX_NAMED = 100;

/**
 * Compares neighbouring chunks with the database in one query, and one by one where they differ. Chunks cover all
 * order values without a gap, so that a row that was slipped in anywhere is in some chunk's range, even an empty one's.
 * To be called inside `session.snapshot`.
 */
export async function verifyRun(store: AuditStore, session: SealSession, start: number): Promise<RunVerification> {
  const disposed: number[] = [];
  const chunks: ChunkStatement[] = [];
  let rows = 0;
  let next = start;
  for (; next < store.index.length && chunks.length < RUN_ENTRIES && rows < RUN_ROWS; next += 1) {
    if (!store.view.isChunk(next)) continue;
    if (store.index.isDisposed(next)) {
      disposed.push(next);
      if (chunks.length > 0) {
        next += 1;
        break;
      }
      continue;
    }
    const { statement } = await store.entry(next);
    if (statement.kind !== 'chunk') continue;
    const [first] = chunks;
    if (first !== undefined && !isOneReading(store, first, statement)) break;
    if (rows > 0 && rows + statement.count > RUN_ROWS) break;
    chunks.push(statement);
    rows += statement.count;
  }
  const failures = (await isRunAsSealed(store, session, chunks)) ? [] : await failuresOf(store, session, chunks);
  const failed = new Set(failures.map(({ seq }) => seq));
  const verified = chunks.map(({ seq }) => seq).filter((seq) => !failed.has(seq));
  return { next, rows, verified, disposed, failures };
}

/** Neighbours of one format and one range. */
function isOneReading({ view }: AuditStore, first: ChunkStatement, next: ChunkStatement): boolean {
  const how = (chunk: ChunkStatement) => JSON.stringify([chunk.rows, view.idsOf(chunk)]);
  return next.from !== undefined && how(first) === how(next);
}

async function isRunAsSealed(
  store: AuditStore,
  session: SealSession,
  chunks: readonly ChunkStatement[],
): Promise<boolean> {
  const [first] = chunks;
  const last = chunks.at(-1);
  if (first === undefined || last === undefined) return true;
  // Rows that came late are in one chunk's range and another chunk's leaves; such are compared one by one.
  if (store.view.hasLate) return false;
  const rows = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  // One row too many is enough to know; a flood of forged rows must not be read to its end.
  const batch = await read(first, () =>
    readLeaves(
      session,
      first.rows,
      { from: first.from, to: last.to, ids: store.view.idsOf(first), limit: rows + 1 },
      sizeOf(rows),
    ),
  );
  if (batch.count !== rows) return false;
  let at = 0;
  return chunks.every((chunk) => {
    const leaves = batch.leaves.subarray(at * HASH_BYTES, (at + chunk.count) * HASH_BYTES);
    at += chunk.count;
    return rootOf(chunk, leaves) === chunk.chunkRoot;
  });
}

async function failuresOf(
  store: AuditStore,
  session: SealSession,
  chunks: readonly ChunkStatement[],
): Promise<ChunkFailure[]> {
  const failures: ChunkFailure[] = [];
  for (const chunk of chunks) {
    const batch = await readChunk(store, session, chunk);
    if (batch.count === chunk.count && rootOf(chunk, batch.leaves) === chunk.chunkRoot) continue;
    failures.push(localise(chunk, batch, await store.leafFile(chunk.seq)));
  }
  return failures;
}

/** The chunk's rows as they are now, in the order in which they were sealed. */
async function readChunk(store: AuditStore, session: SealSession, chunk: ChunkStatement): Promise<LeafBatch> {
  const { from, to, count, late, rows: format, seq } = chunk;
  const limit = count + RUN_ROWS;
  const ids = store.view.idsOf(chunk);
  const inRange = await read(chunk, () => readLeaves(session, format, { from, to, ids, limit }, sizeOf(count)));
  const own = store.view.hasLate ? without(inRange, (position) => (store.view.lateIn(position) ?? seq) > seq) : inRange;
  if (late === undefined) return own;
  const before = await read(chunk, () => readLeavesAt(session, format, late, sizeOf(late.length)));
  return {
    count: before.count + own.count,
    leaves: Buffer.concat([before.leaves, own.leaves]),
    keys: Buffer.concat([before.keys, own.keys]),
    counts: new Map(),
  };
}

function without(batch: LeafBatch, isOther: (position: Position) => boolean): LeafBatch {
  const lines = batch.keys.toString('utf8').split('\n');
  const kept = positionsOf(batch.keys).flatMap((position, at) => (isOther(position) ? [] : [at]));
  return {
    count: kept.length,
    leaves: Buffer.concat(kept.map((at) => batch.leaves.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))),
    keys: Buffer.from(kept.map((at) => `${lines[at]}\n`).join(''), 'utf8'),
    counts: new Map(),
  };
}

/** The greatest id among the chunk's rows that are as they were sealed, so far as it is beyond `least`. */
export async function lastKeptId(
  store: AuditStore,
  session: SealSession,
  chunk: ChunkStatement,
  least: bigint,
): Promise<bigint> {
  const file = await store.leafFile(chunk.seq);
  const sealed = new Map<string, string>();
  if (file !== undefined) collect(sealed, file.keys, file.leaves);
  if (file !== undefined && greatestId([...sealed.keys()]) <= least) return least;
  const batch = await readChunk(store, session, chunk);
  const isWhole = batch.count === chunk.count && rootOf(chunk, batch.leaves) === chunk.chunkRoot;
  const found = new Map<string, string>();
  collect(found, batch.keys, batch.leaves);
  const kept = [...found].flatMap(([key, leaf]) => (isWhole || sealed.get(key) === leaf ? [key] : []));
  const greatest = greatestId(kept);
  return greatest > least ? greatest : least;
}

function greatestId(lines: readonly string[]): bigint {
  return lines.reduce((greatest, line) => {
    const id = BigInt(line.split('\t')[1] ?? '0');
    return id > greatest ? id : greatest;
  }, 0n);
}

function localise(chunk: ChunkStatement, batch: LeafBatch, file: LeafFile | undefined): ChunkFailure {
  const base = {
    kind: batch.count < chunk.count ? ('missing' as const) : ('chunk' as const),
    seq: chunk.seq,
    sealedAt: chunk.time,
    expected: chunk.count,
    found: batch.count,
  };
  const sealed = new Map<string, string>();
  if (file !== undefined && rootOf(chunk, file.leaves) === chunk.chunkRoot) collect(sealed, file.keys, file.leaves);
  else if (chunk.count > 0) return { ...base, changed: [], missing: [], added: [], isLocalised: false };
  const found = new Map<string, string>();
  collect(found, batch.keys, batch.leaves);
  const changed = [...sealed.keys()].filter((key) => found.has(key) && found.get(key) !== sealed.get(key));
  const missing = [...sealed.keys()].filter((key) => !found.has(key));
  const added = [...found.keys()].filter((key) => !sealed.has(key));
  return { ...base, changed: named(changed), missing: named(missing), added: named(added), isLocalised: true };
}

function collect(into: Map<string, string>, keys: Buffer, leaves: Buffer): void {
  const lines = keys.toString('utf8').split('\n');
  for (const [at, line] of lines.slice(0, -1).entries()) {
    // Ids may be doubled; then the second one counts as another row.
    const key = into.has(line) ? `${line}\t${at}` : line;
    into.set(key, leaves.toString('latin1', at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }
}

function named(lines: readonly string[]): readonly Position[] {
  return lines.length === 0 ? [] : positionsOf(Buffer.from(`${lines.slice(0, MAX_NAMED).join('\n')}\n`, 'utf8'));
}

function rootOf(chunk: ChunkStatement, leaves: Buffer): string {
  return chunkRootOf(chunk.size - chunk.count, leaves).toString('base64');
}

function sizeOf(rows: number): { rows: number; countedColumns: number } {
  return { rows, countedColumns: 0 };
}

async function read<T>(chunk: ChunkStatement, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (sqlState(cause) !== '42703') throw cause;
    throw new SealUnavailable(
      `entry ${chunk.seq} was sealed with a column that ${chunk.rows.table} no longer has, so its rows cannot be compared`,
      { cause },
    );
  }
}

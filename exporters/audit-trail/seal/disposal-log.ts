import { join } from 'node:path';
import { announcedKeys } from '../../runtime/sealing/log/announced-keys.js';
import { Disk } from '../../runtime/sealing/log/disk.js';
import { checkEvidence, precedingOf, readLine } from '../../runtime/sealing/log/entry.js';
import type { DisposalStatement } from '../../runtime/sealing/log/statement.js';
import { parseVkey } from '../../runtime/sealing/signing/note.js';
import { type AuditStore, openAuditStore } from './audit-log.js';
import type { Bound, ChunkStatement } from './statement.js';

/** Records that a signed statement declares lawfully disposed of, by their place and by their transactions. */
export interface LawfulDisposal {
  readonly entry: number;
  readonly reason: string;
  readonly by: string;
  /** Records that were sealed under the chunks that it names. */
  readonly records: number;
  readonly certainty: 'exact' | 'overlap';
  /** Of the places of records; absent: from the first one. */
  readonly from: Bound | undefined;
  readonly to: Bound;
  /** Transactions that wrote them: from this one, and below that one. */
  readonly fromXid: bigint;
  readonly toXid: bigint;
  /** Of the database that gave these transactions their ids, where it could be read. */
  readonly system: string | undefined;
  /** By table and operation, in the trail's own words. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/**
 * The disposals in a log, for whoever checks the records and not the seal. Every poll may ask: the log is read as a
 * whole only when a new disposal stands in it.
 */
export class DisposalLog {
  readonly #directory: string;
  readonly #origin: string;
  readonly #disk = new Disk();
  #read: { readonly size: number; readonly found: readonly LawfulDisposal[] } | undefined;

  constructor(seal: { readonly directory: string; readonly origin: string }) {
    this.#directory = seal.directory;
    this.#origin = seal.origin;
  }

  /** @throws {SealRefused} when the log contradicts itself: then nothing in it excuses anything. */
  async disposals(): Promise<readonly LawfulDisposal[]> {
    const path = join(this.#directory, 'log.jsonl');
    const size = await this.#disk.size(path);
    const before = this.#read;
    const news =
      before === undefined || size < before.size ? undefined : await this.#wholeLines(path, before.size, size);
    if (before !== undefined && news !== undefined && !news.lines.some(isDisposal)) {
      this.#read = { size: news.end, found: before.found };
      return before.found;
    }
    const found = size === 0 ? [] : await this.#readAll(path);
    // The last line may be half written, or of after the size was asked; it is read again.
    this.#read = { size: news?.end ?? (await this.#endOfLines(path, size)), found };
    return found;
  }

  async #wholeLines(path: string, from: number, to: number): Promise<{ lines: readonly string[]; end: number }> {
    if (to === from) return { lines: [], end: from };
    const bytes = await this.#disk.readRange(path, from, to - from);
    const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
    return { lines: whole.toString('utf8').split('\n').slice(0, -1), end: from + whole.length };
  }

  async #endOfLines(path: string, size: number): Promise<number> {
    for (let end = size; end > 0; end -= Math.min(end, TAIL_BYTES)) {
      const begin = Math.max(0, end - TAIL_BYTES);
      const newline = (await this.#disk.readRange(path, begin, end - begin)).lastIndexOf(NEWLINE);
      if (newline >= 0) return begin + newline + 1;
    }
    return 0;
  }

  async #readAll(path: string): Promise<readonly LawfulDisposal[]> {
    const keys = await announcedKeys(path);
    const store = await openAuditStore({ directory: this.#directory, origin: this.#origin, keys, readOnly: true });
    const found: LawfulDisposal[] = [];
    for (const disposal of store.index.disposals) {
      const entry = await store.entry(disposal.seq);
      const before = await store.entry(disposal.seq - 1);
      // A statement that explains a loss is verified by its signature each time, also after an earlier process did.
      checkEvidence(entry, precedingOf(before), this.#origin, before.statement.keys.map(parseVkey));
      const read = await lawful(store, disposal);
      if (read !== undefined) found.push(read);
    }
    return found;
  }
}

const TAIL_BYTES = 65_536;
const NEWLINE = 0x0a;

function isDisposal(text: string): boolean {
  return readLine(text).statement.kind === 'disposal';
}

/** Undefined where no chunk is among its entries. */
async function lawful(
  store: AuditStore,
  { seq, first, last, count, reason, by }: DisposalStatement,
): Promise<LawfulDisposal | undefined> {
  const chunks = Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((at) => store.view.isChunk(at));
  const begin = await chunkAt(store, chunks[0]);
  const end = await chunkAt(store, chunks.at(-1));
  if (begin === undefined || end === undefined) return undefined;
  const counts = new Map<string, Map<string, number>>();
  for (const at of chunks) {
    // A log is mostly quiet intervals; those have nothing to count.
    if (store.index.size(at) === store.index.size(at - 1)) continue;
    for (const [table, operation, n] of (await chunkAt(store, at))?.counts ?? []) {
      const own = counts.get(table) ?? new Map<string, number>();
      counts.set(table, own.set(operation, (own.get(operation) ?? 0) + n));
    }
  }
  return {
    entry: seq,
    reason,
    by,
    records: count,
    certainty: end.rows.certainty,
    from: begin.from,
    to: end.to,
    fromXid: begin.from === undefined ? 0n : begin.rows.certainty === 'exact' ? BigInt(begin.from.order) : 0n,
    toXid: upperXid(end),
    system: end.database.system,
    counts,
  };
}

/**
 * A chunk that is cut by its size ends within a transaction. Any other ends where its snapshot did, and subtransactions
 * of what it covers may have ids up to the snapshot's end; a row that one of them wrote carries that id.
 */
function upperXid({ rows, to, snapshot }: ChunkStatement): bigint {
  return rows.certainty === 'exact' && to.id !== undefined ? BigInt(to.order) + 1n : BigInt(snapshot.xmax);
}

async function chunkAt(store: AuditStore, seq: number | undefined): Promise<ChunkStatement | undefined> {
  if (seq === undefined) return undefined;
  const { statement } = await store.entry(seq);
  return statement.kind === 'chunk' ? statement : undefined;
}

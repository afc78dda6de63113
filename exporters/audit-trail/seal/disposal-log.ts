import { join } from 'node:path';
import { announcedKeys } from '../../runtime/sealing/log/announced-keys.js';
import { Disk } from '../../runtime/sealing/log/disk.js';
import { checkEvidence, precedingOf, readLine } from '../../runtime/sealing/log/entry.js';
import type { DisposalStatement } from '../../runtime/sealing/log/statement.js';
import { parseVkey } from '../../runtime/sealing/signing/note.js';
import { type AuditStore, openAuditStore } from './audit-log.js';
import { type Bound, type ChunkStatement, type IdRange, LAST_TRANSACTION } from './statement.js';

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
  /** Of these ids alone; absent: of all. */
  readonly ids?: IdRange;
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
      found.push(...(await lawful(store, disposal)));
    }
    return found;
  }
}

const TAIL_BYTES = 65_536;
const NEWLINE = 0x0a;

function isDisposal(text: string): boolean {
  return readLine(text).statement.kind === 'disposal';
}

interface RangeOfChunks {
  readonly ids: IdRange | undefined;
  readonly begin: ChunkStatement;
  readonly end: ChunkStatement;
  readonly counted: readonly ChunkStatement[];
}

/** One for each range of records among its entries; places can only be compared within one. */
async function lawful(store: AuditStore, disposal: DisposalStatement): Promise<readonly LawfulDisposal[]> {
  const { first, last, count } = disposal;
  const { index, view } = store;
  const chunks = Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((at) => view.isChunk(at));
  const groups: RangeOfChunks[] = [];
  for (const at of chunks) {
    // A log is mostly quiet intervals; those have nothing to count, and only tell where a range begins and ends.
    const isQuiet = index.size(at) === index.size(at - 1);
    if (isQuiet && !view.hasRanges && at !== chunks[0] && at !== chunks.at(-1)) continue;
    const chunk = await chunkAt(store, at);
    if (chunk === undefined) continue;
    const ids = view.idsOf(chunk);
    const open = groups.at(-1);
    const counted = isQuiet ? [] : [chunk];
    if (open === undefined || JSON.stringify(open.ids) !== JSON.stringify(ids))
      groups.push({ ids, begin: chunk, end: chunk, counted });
    else groups.splice(-1, 1, { ...open, end: chunk, counted: [...open.counted, ...counted] });
  }
  return groups.map((group) => {
    const { ids, begin, end, counted } = group;
    return {
      entry: disposal.seq,
      reason: disposal.reason,
      by: disposal.by,
      records: groups.length === 1 ? count : counted.reduce((sum, chunk) => sum + chunk.count, 0),
      certainty: end.rows.certainty,
      from: begin.from,
      to: end.to,
      ...(ids === undefined ? {} : { ids }),
      fromXid: begin.from === undefined ? 0n : begin.rows.certainty === 'exact' ? BigInt(begin.from.order) : 0n,
      toXid: upperXid(end),
      system: end.database.system,
      counts: countsOf(counted),
    };
  });
}

function countsOf(chunks: readonly ChunkStatement[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const [table, operation, n] of chunks.flatMap((chunk) => chunk.counts)) {
    const own = counts.get(table) ?? new Map<string, number>();
    counts.set(table, own.set(operation, (own.get(operation) ?? 0) + n));
  }
  return counts;
}

/**
 * A chunk that is cut by its size ends within a transaction. Any other ends where its snapshot did, and subtransactions
 * of what it covers may have ids up to the snapshot's end; a row that one of them wrote carries that id.
 */
function upperXid({ rows, to, last, from, snapshot }: ChunkStatement): bigint {
  // The rest of what another database wrote: up to its newest record.
  if (to.order === LAST_TRANSACTION) return BigInt(last?.order ?? from?.order ?? 0) + 1n;
  return rows.certainty === 'exact' && to.id !== undefined ? BigInt(to.order) + 1n : BigInt(snapshot.xmax);
}

async function chunkAt(store: AuditStore, seq: number | undefined): Promise<ChunkStatement | undefined> {
  if (seq === undefined) return undefined;
  const { statement } = await store.entry(seq);
  return statement.kind === 'chunk' ? statement : undefined;
}

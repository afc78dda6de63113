import { hash } from 'node:crypto';
import { HASH_BYTES } from '../../runtime/sealing/tree/merkle.js';
import { type RowRange, selectAt, selectRows } from './row-format.js';
import type { SealSession } from './session.js';
import type { Position, RowFormat } from './statement.js';

const TAB = 0x09;

/** Rows as leaves: their hashes, their keys and how many there are of which kind. No row is kept. */
export interface LeafBatch {
  readonly count: number;
  readonly leaves: Buffer;
  /** `order \t id \n` for each row, as COPY writes it. */
  readonly keys: Buffer;
  /** By the line's columns after the id that are counted by, as COPY writes them. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface CollectOptions {
  /** Size to begin with; it grows when there are more rows. */
  readonly rows: number;
  /** How many columns after the id are counted by. */
  readonly countedColumns: number;
}

/** The rows of a range as leaves. To be called inside `session.snapshot`. */
export async function readLeaves(
  session: SealSession,
  format: RowFormat,
  range: RowRange,
  options: CollectOptions,
): Promise<LeafBatch> {
  const collector = new LeafCollector(format, options);
  await session.copy(selectRows(format, range), collector.add);
  return collector.batch();
}

/**
 * The same in batches of `options.rows`, each given away as soon as it is full, while the rest is still on its way: the
 * server goes through the rows once and never waits for a next question.
 *
 * @returns the last batch, which is not full and may be empty.
 */
export async function streamLeaves(
  session: SealSession,
  format: RowFormat,
  range: RowRange,
  options: CollectOptions,
  give: (batch: LeafBatch) => void,
): Promise<LeafBatch> {
  let collector = new LeafCollector(format, options);
  await session.copy(selectRows(format, range), (line) => {
    collector.add(line);
    if (collector.count < options.rows) return;
    give(collector.batch());
    collector = new LeafCollector(format, options);
  });
  return collector.batch();
}

export async function readLeavesAt(
  session: SealSession,
  format: RowFormat,
  positions: readonly Position[],
  options: CollectOptions,
): Promise<LeafBatch> {
  const collector = new LeafCollector(format, options);
  await session.copy(selectAt(format, positions), collector.add);
  return collector.batch();
}

/** The text that is hashed for one row: what a third party needs to check a proof. */
export async function readLeafTexts(
  session: SealSession,
  format: RowFormat,
  positions: readonly Position[],
): Promise<readonly string[]> {
  const texts: string[] = [];
  await session.copy(selectAt(format, positions), (line) => texts.push(`${format.prefix}${lineText(line)}`));
  return texts;
}

/** A row ends with a newline in the protocol; the leaf does not. */
function lineText(line: Buffer): string {
  return line.toString('utf8', 0, line.length - 1);
}

class LeafCollector {
  readonly #prefixBytes: number;
  readonly #countedColumns: number;
  readonly #counts = new Map<string, number>();
  /** The leaf's bytes: 0x00, prefix, line. One buffer for all rows, as each is hashed before the next comes. */
  #scratch: Buffer;
  #leaves: Buffer;
  #keys: Buffer;
  #keyBytes = 0;
  #count = 0;

  constructor(format: RowFormat, options: CollectOptions) {
    const start = Buffer.from(`\0${format.prefix}`, 'utf8');
    this.#prefixBytes = start.length;
    this.#scratch = Buffer.alloc(1 << 16);
    start.copy(this.#scratch);
    this.#countedColumns = options.countedColumns;
    this.#leaves = Buffer.allocUnsafe(Math.max(1, options.rows) * HASH_BYTES);
    this.#keys = Buffer.allocUnsafe(Math.max(1, options.rows) * 24);
  }

  get count(): number {
    return this.#count;
  }

  readonly add = (line: Buffer): void => {
    const length = this.#prefixBytes + line.length - 1;
    if (length > this.#scratch.length) this.#scratch = enlarged(this.#scratch, length);
    line.copy(this.#scratch, this.#prefixBytes, 0, line.length - 1);
    const at = this.#count * HASH_BYTES;
    if (at + HASH_BYTES > this.#leaves.length) this.#leaves = enlarged(this.#leaves, at + HASH_BYTES);
    // One-shot, and as a string of bytes: no hash object and no Buffer for each row.
    this.#leaves.write(hash('sha256', this.#scratch.subarray(0, length), 'binary'), at, 'latin1');
    this.#count += 1;
    const keyEnd = line.indexOf(TAB, line.indexOf(TAB) + 1);
    this.#addKey(line, keyEnd < 0 ? line.length - 1 : keyEnd);
    if (this.#countedColumns > 0) this.#countRow(line, keyEnd + 1);
  };

  batch(): LeafBatch {
    return {
      count: this.#count,
      leaves: this.#leaves.subarray(0, this.#count * HASH_BYTES),
      keys: this.#keys.subarray(0, this.#keyBytes),
      counts: new Map([...this.#counts].map(([key, count]) => [Buffer.from(key, 'latin1').toString('utf8'), count])),
    };
  }

  #addKey(line: Buffer, end: number): void {
    const needed = this.#keyBytes + end + 1;
    if (needed > this.#keys.length) this.#keys = enlarged(this.#keys, needed);
    line.copy(this.#keys, this.#keyBytes, 0, end);
    this.#keys[needed - 1] = 0x0a;
    this.#keyBytes = needed;
  }

  #countRow(line: Buffer, start: number): void {
    let end = start - 1;
    for (let column = 0; column < this.#countedColumns; column += 1) {
      const next = line.indexOf(TAB, end + 1);
      end = next < 0 ? line.length - 1 : next;
    }
    const key = line.toString('latin1', start, end);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

function enlarged(buffer: Buffer, needed: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}

/** The places of rows, from their keys. */
export function positionsOf(keys: Buffer): readonly Position[] {
  if (keys.length === 0) return [];
  return keys
    .toString('utf8', 0, keys.length - 1)
    .split('\n')
    .map((line) => {
      const [order = '', id = ''] = line.split('\t');
      return { order: unescapeCopy(order), id: unescapeCopy(id) };
    });
}

/** @param keys of at least one row. */
export function lastPositionOf(keys: Buffer): Position {
  const [position] = positionsOf(keys.subarray(keys.lastIndexOf(0x0a, keys.length - 2) + 1));
  if (position === undefined) throw new RangeError('there are no rows');
  return position;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** COPY's text format escapes backslash and control characters and nothing else. */
export function unescapeCopy(text: string): string {
  return text.replace(/\\(.)/g, (_whole, character: string) => ESCAPES[character] ?? character);
}

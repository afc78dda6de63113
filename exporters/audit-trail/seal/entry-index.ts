import type { Bound, DatabaseIdentity, Position, RowFormat, Statement } from './statement.js';

export interface SeenDatabase {
  readonly database: DatabaseIdentity;
  readonly snapshot: { readonly xmin: string; readonly xmax: string };
}

/** Where each entry is and what it covers, in 25 bytes an entry: a year of minutes is 13 MB. */
export class EntryIndex {
  #offsets = new Float64Array(1024);
  #sizes = new Float64Array(1024);
  /** When the chunk's rows were last found as sealed, in milliseconds; NaN while they differ. */
  #verifiedAt = new Float64Array(1024);
  #isChunk = new Uint8Array(1024);
  #length = 0;
  #disposedRecords = 0;
  readonly #disposals: { readonly first: number; readonly last: number }[] = [];
  readonly #late = new Map<string, number>();
  #lastBound: Bound | undefined;
  #rows: RowFormat | undefined;
  #epoch = 0;
  #seenDatabase: SeenDatabase | undefined;

  get length(): number {
    return this.#length;
  }

  /** Up to where rows are sealed. */
  get lastBound(): Bound | undefined {
    return this.#lastBound;
  }

  get rows(): RowFormat | undefined {
    return this.#rows;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** As the newest entry that looked at it saw it. */
  get seenDatabase(): SeenDatabase | undefined {
    return this.#seenDatabase;
  }

  get disposedRecords(): number {
    return this.#disposedRecords;
  }

  add(statement: Statement, offset: number): void {
    if (this.#length === this.#offsets.length) this.#enlarge();
    const at = this.#length;
    this.#offsets[at] = offset;
    this.#sizes[at] = statement.size;
    // Its rows were read when it was sealed.
    this.#verifiedAt[at] = Date.parse(statement.time);
    this.#isChunk[at] = statement.kind === 'chunk' ? 1 : 0;
    this.#length += 1;
    if (statement.kind !== 'disposal') {
      this.#seenDatabase = { database: statement.database, snapshot: statement.snapshot };
    }
    if (statement.kind === 'chunk') {
      this.#lastBound = statement.to;
      this.#rows = statement.rows;
      for (const position of statement.late ?? []) this.#late.set(lateKey(position), statement.seq);
    } else if (statement.kind === 'disposal') {
      this.#disposals.push({ first: statement.first, last: statement.last });
      this.#disposedRecords += statement.count;
    } else {
      this.#epoch = statement.epoch;
    }
  }

  offset(seq: number): number {
    return this.#offsets[seq] ?? Number.NaN;
  }

  /** Of the tree after the entry; 0 before the first. */
  size(seq: number): number {
    return seq < 0 ? 0 : (this.#sizes[seq] ?? Number.NaN);
  }

  isChunk(seq: number): boolean {
    return this.#isChunk[seq] === 1;
  }

  verifiedAt(seq: number): number {
    return this.#verifiedAt[seq] ?? Number.NaN;
  }

  setVerifiedAt(seq: number, time: number): void {
    this.#verifiedAt[seq] = time;
  }

  isDisposed(seq: number): boolean {
    return this.#disposals.some(({ first, last }) => seq >= first && seq <= last);
  }

  /** The later entry that sealed this row although it lies in an earlier one's range. */
  lateIn(position: Position): number | undefined {
    return this.#late.get(lateKey(position));
  }

  get hasLate(): boolean {
    return this.#late.size > 0;
  }

  /** The entry that holds this leaf. */
  entryOfLeaf(index: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#sizes[middle] ?? 0) > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #enlarge(): void {
    const length = this.#offsets.length * 2;
    this.#offsets = enlarged(this.#offsets, length);
    this.#sizes = enlarged(this.#sizes, length);
    this.#verifiedAt = enlarged(this.#verifiedAt, length);
    const isChunk = new Uint8Array(length);
    isChunk.set(this.#isChunk);
    this.#isChunk = isChunk;
  }
}

function enlarged(numbers: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(numbers);
  return larger;
}

function lateKey({ order, id }: Position): string {
  return `${order}\t${id}`;
}

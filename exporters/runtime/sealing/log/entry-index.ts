import { type CommonStatement, type DisposalStatement, isDisposal } from './statement.js';

/** Where each entry is and how large the tree is after it, in 16 bytes an entry; and what was disposed of. */
export class EntryIndex {
  #offsets = new Float64Array(1024);
  #sizes = new Float64Array(1024);
  #length = 0;
  #disposedRecords = 0;
  readonly #disposals: DisposalStatement[] = [];

  get length(): number {
    return this.#length;
  }

  get disposedRecords(): number {
    return this.#disposedRecords;
  }

  get disposals(): readonly DisposalStatement[] {
    return this.#disposals;
  }

  add(statement: CommonStatement, offset: number): void {
    if (this.#length === this.#offsets.length) {
      this.#offsets = enlarged(this.#offsets);
      this.#sizes = enlarged(this.#sizes);
    }
    this.#offsets[this.#length] = offset;
    this.#sizes[this.#length] = statement.size;
    this.#length += 1;
    if (isDisposal(statement)) {
      this.#disposals.push(statement);
      this.#disposedRecords += statement.count;
    }
  }

  offset(seq: number): number {
    return this.#offsets[seq] ?? Number.NaN;
  }

  /** Of the tree after the entry; 0 before the first. */
  size(seq: number): number {
    return seq < 0 ? 0 : (this.#sizes[seq] ?? Number.NaN);
  }

  isDisposed(seq: number): boolean {
    return this.#disposals.some(({ first, last }) => seq >= first && seq <= last);
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
}

function enlarged(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

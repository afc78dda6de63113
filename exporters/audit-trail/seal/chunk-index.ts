import { isDisposal, type LogView } from '../../runtime/sealing/log/statement.js';
import {
  type AuditStatement,
  type Bound,
  type ChunkStatement,
  type DatabaseIdentity,
  type IdRange,
  LAST_TRANSACTION,
  type Position,
  type RowFormat,
  type Statement,
} from './statement.js';

export interface SeenDatabase {
  readonly database: DatabaseIdentity;
  readonly snapshot: { readonly xmin: string; readonly xmax: string };
}

/** What the entries of an audit trail's log state of rows and database, in 9 bytes an entry beside the store's 16. */
export class ChunkIndex implements LogView<AuditStatement> {
  /** When the chunk's rows were last found as sealed, in milliseconds; NaN while they differ. */
  #verifiedAt = new Float64Array(1024);
  #isChunk = new Uint8Array(1024);
  #length = 0;
  readonly #late = new Map<string, number>();
  #lastBound: Bound | undefined;
  #rows: RowFormat | undefined;
  #epoch = 0;
  #after: string | undefined;
  #inheritedUpTo: string | undefined;
  /** Where an epoch, as entry `seq`, ended the ranges of before. */
  readonly #endings: { readonly seq: number; readonly upTo: string }[] = [];
  #seenDatabase: SeenDatabase | undefined;

  /** Of which records the next chunk is. With `upTo` it goes on with those of before, up to the last transaction. */
  get ids(): IdRange {
    return {
      ...(this.#after === undefined ? {} : { after: this.#after }),
      ...(this.#inheritedUpTo === undefined ? {} : { upTo: this.#inheritedUpTo }),
    };
  }

  /** Of which records a chunk is, after all that is known by now. Undefined: of all. */
  idsOf({ seq, ids = {} }: ChunkStatement): IdRange | undefined {
    const ends = this.#endings.flatMap((ending) => (ending.seq > seq ? [ending.upTo] : []));
    const all = ids.upTo === undefined ? ends : [...ends, ids.upTo];
    const [first, ...rest] = all;
    if (first === undefined) return ids.after === undefined ? undefined : ids;
    return { ...ids, upTo: rest.reduce((least, upTo) => (BigInt(upTo) < BigInt(least) ? upTo : least), first) };
  }

  /** Not every chunk is of all records. */
  get hasRanges(): boolean {
    return this.#endings.length > 0 || this.#after !== undefined || this.#inheritedUpTo !== undefined;
  }

  /** What an epoch as entry `seq` would state. */
  end(seq: number, upTo: string): void {
    this.#endings.push({ seq, upTo });
  }

  /** Up to where rows are sealed, in the range that is open. */
  get lastBound(): Bound | undefined {
    return this.#lastBound;
  }

  get rows(): RowFormat | undefined {
    return this.#rows;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** As the newest entry saw it. */
  get seenDatabase(): SeenDatabase | undefined {
    return this.#seenDatabase;
  }

  add(statement: Statement): void {
    const at = this.#length;
    if (at === this.#isChunk.length) this.#enlarge();
    // Its rows were read when it was sealed.
    this.#verifiedAt[at] = Date.parse(statement.time);
    this.#isChunk[at] = statement.kind === 'chunk' ? 1 : 0;
    this.#length += 1;
    if (isDisposal(statement)) return;
    this.#seenDatabase = { database: statement.database, snapshot: statement.snapshot };
    if (statement.kind === 'epoch') {
      this.#epoch = statement.epoch;
      const { inheritedUpTo, seq } = statement;
      if (inheritedUpTo === undefined) return;
      this.end(seq, inheritedUpTo);
      this.#inheritedUpTo = inheritedUpTo;
      return;
    }
    this.#lastBound = statement.to;
    this.#inheritedUpTo = statement.ids?.upTo;
    if (statement.ids?.upTo !== undefined && statement.to.order === LAST_TRANSACTION) {
      this.#after = statement.ids.upTo;
      this.#inheritedUpTo = undefined;
      this.#lastBound = undefined;
    }
    this.#rows = statement.rows;
    for (const position of statement.late ?? []) this.#late.set(lateKey(position), statement.seq);
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

  /** The later entry that sealed this row although it lies in an earlier one's range. */
  lateIn(position: Position): number | undefined {
    return this.#late.get(lateKey(position));
  }

  get hasLate(): boolean {
    return this.#late.size > 0;
  }

  #enlarge(): void {
    const verifiedAt = new Float64Array(this.#verifiedAt.length * 2);
    verifiedAt.set(this.#verifiedAt);
    this.#verifiedAt = verifiedAt;
    const isChunk = new Uint8Array(this.#isChunk.length * 2);
    isChunk.set(this.#isChunk);
    this.#isChunk = isChunk;
  }
}

function lateKey({ order, id }: Position): string {
  return `${order}\t${id}`;
}

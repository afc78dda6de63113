import { hash } from 'node:crypto';

/**
 * RFC 6962 section 2.1 hashes and the trees made of them. A node is named as in tiled logs: `(level, index)` is the
 * root of the complete subtree over leaves `[index * 2^level, (index + 1) * 2^level)`.
 *
 * Sizes are plain numbers: 2^53 records are out of reach, and bit operators would cut them at 32 bits.
 */
export const HASH_BYTES = 32;

export function sha256(data: Buffer | string): Buffer {
  return hash('sha256', data, 'buffer');
}

export const emptyRoot: Buffer = sha256('');

export function leafHash(data: Buffer | string): Buffer {
  return sha256(Buffer.concat([Buffer.of(0), typeof data === 'string' ? Buffer.from(data, 'utf8') : data]));
}

// One scratch buffer for all: hashing is synchronous, and an allocation per node would cost more than the hash.
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 1 + HASH_BYTES);
  return sha256(pair);
}

export interface NodeName {
  readonly level: number;
  readonly index: number;
}

/** The maximal complete subtrees that together cover the leaves `[start, end)`, from left to right. */
export function cover(start: number, end: number): readonly NodeName[] {
  const nodes: NodeName[] = [];
  let at = start;
  while (at < end) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level += 1;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** Folds a cover to one hash, from the right: for a cover that starts at a subtree's edge, that is its RFC 6962 hash. */
export function fold(hashes: readonly Buffer[]): Buffer {
  let folded: Buffer | undefined;
  for (const next of hashes.toReversed()) folded = folded === undefined ? next : nodeHash(next, folded);
  return folded ?? emptyRoot;
}

/** The largest power of two that is smaller than `size`. */
export function split(size: number): number {
  let width = 1;
  while (width * 2 < size) width *= 2;
  return width;
}

/**
 * A tree known only by its complete subtrees: O(log n) hashes, enough to grow it and to tell its root.
 */
export class CompactRange {
  readonly size: number;
  /** By level; a level without a node is absent. */
  readonly nodes: ReadonlyMap<number, Buffer>;

  private constructor(size: number, nodes: ReadonlyMap<number, Buffer>) {
    this.size = size;
    this.nodes = nodes;
  }

  static readonly empty: CompactRange = new CompactRange(0, new Map());

  /** @param hashes those of `cover(0, size)`, in its order. */
  static of(size: number, hashes: readonly Buffer[]): CompactRange {
    const names = cover(0, size);
    if (names.length !== hashes.length) {
      throw new Error(`a tree of ${size} leaves has ${names.length} complete subtrees, not ${hashes.length}`);
    }
    return new CompactRange(size, new Map(names.map((name, at) => [name.level, hashes[at] ?? emptyRoot])));
  }

  get root(): Buffer {
    return fold(cover(0, this.size).map((name) => this.#node(name.level)));
  }

  append(leaves: Buffer): Growth {
    return new Growth(this, leaves);
  }

  #node(level: number): Buffer {
    const node = this.nodes.get(level);
    if (node === undefined) throw new Error(`compact range of ${this.size} has no subtree of level ${level}`);
    return node;
  }
}

/** What appending leaves makes: the new complete subtrees, each hashed once, and all that follows from them. */
export class Growth {
  readonly size: number;
  readonly #before: CompactRange;
  /** By level, the hashes of the new nodes, side by side. */
  readonly #levels: readonly Buffer[];

  constructor(before: CompactRange, leaves: Buffer) {
    this.#before = before;
    this.size = before.size + leaves.length / HASH_BYTES;
    const levels = [leaves];
    for (let level = 1; 2 ** level <= this.size; level += 1) {
      levels.push(this.#grow(level, levels[level - 1] ?? leaves));
    }
    this.#levels = levels;
  }

  /** Only nodes that exist in the grown tree and are new, or are complete subtrees of the old one. */
  node({ level, index }: NodeName): Buffer {
    const first = firstNew(this.#before.size, level);
    if (index >= first) {
      const at = (index - first) * HASH_BYTES;
      const nodes = this.#levels[level];
      if (nodes !== undefined && at + HASH_BYTES <= nodes.length) return nodes.subarray(at, at + HASH_BYTES);
    } else if (index === first - 1) {
      const old = this.#before.nodes.get(level);
      if (old !== undefined) return old;
    }
    throw new Error(`node ${level}/${index} is not known after growth from ${this.#before.size} to ${this.size}`);
  }

  /** New nodes of this level, hashes side by side; they begin at index `floor(old size / 2^level)`. */
  newNodes(level: number): Buffer {
    return this.#levels[level] ?? Buffer.alloc(0);
  }

  get height(): number {
    return this.#levels.length;
  }

  /** A commitment to the new leaves and to their places: the fold of their cover. Equals the root for a first chunk. */
  get chunkRoot(): Buffer {
    return fold(cover(this.#before.size, this.size).map((name) => this.node(name)));
  }

  range(): CompactRange {
    return CompactRange.of(
      this.size,
      // Copies: a view would keep this growth's buffers alive for as long as the range is.
      cover(0, this.size).map((name) => Buffer.from(this.node(name))),
    );
  }

  #grow(level: number, below: Buffer): Buffer {
    const from = firstNew(this.#before.size, level);
    const count = Math.floor(this.size / 2 ** level) - from;
    const grown = Buffer.allocUnsafe(count * HASH_BYTES);
    // In the level below, `below` begins at this index; the left child of our first node may lie before it.
    const belowFrom = firstNew(this.#before.size, level - 1);
    for (let n = 0; n < count; n += 1) {
      const left = (2 * (from + n) - belowFrom) * HASH_BYTES;
      if (left < 0) {
        const old = this.#before.nodes.get(level - 1);
        if (old === undefined) throw new Error(`compact range has no subtree of level ${level - 1}`);
        old.copy(pair, 1);
        below.copy(pair, 1 + HASH_BYTES, 0, HASH_BYTES);
      } else {
        below.copy(pair, 1, left, left + 2 * HASH_BYTES);
      }
      // As a string of bytes: no Buffer is allocated for each of millions of nodes.
      grown.write(hash('sha256', pair, 'binary'), n * HASH_BYTES, 'latin1');
    }
    return grown;
  }
}

function firstNew(oldSize: number, level: number): number {
  return Math.floor(oldSize / 2 ** level);
}

/** The chunk root of leaves that begin at this place in the tree, without knowing the tree. */
export function chunkRootOf(start: number, leaves: Buffer): Buffer {
  const count = leaves.length / HASH_BYTES;
  return fold(
    cover(start, start + count).map(({ level, index }) => {
      const first = (index * 2 ** level - start) * HASH_BYTES;
      return completeRoot(leaves.subarray(first, first + 2 ** level * HASH_BYTES));
    }),
  );
}

/** Of a power of two of leaves. */
function completeRoot(leaves: Buffer): Buffer {
  let level = Buffer.from(leaves);
  while (level.length > HASH_BYTES) {
    const above = Buffer.allocUnsafe(level.length / 2);
    for (let at = 0; at < above.length; at += HASH_BYTES) {
      level.copy(pair, 1, 2 * at, 2 * (at + HASH_BYTES));
      above.write(hash('sha256', pair, 'binary'), at, 'latin1');
    }
    level = above;
  }
  return level;
}

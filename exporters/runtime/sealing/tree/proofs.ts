import { cover, emptyRoot, fold, type NodeName, nodeHash, split } from './merkle.js';

/** RFC 6962 section 2.1.1 and 2.1.2: proofs, made from named nodes and checked without any. */

export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The subtrees whose hashes are the audit path of a leaf, in the order of the path. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  if (index < 0 || index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.toReversed();
}

export function consistencyRanges(oldSize: number, newSize: number): readonly LeafRange[] {
  if (oldSize > newSize || oldSize < 0) throw new RangeError(`a tree of ${newSize} does not contain one of ${oldSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  const path: LeafRange[] = [];
  let start = 0;
  let end = newSize;
  // The verifier knows the old root itself, so a subtree that is the whole old tree is left out.
  let isOldTree = true;
  while (end !== oldSize) {
    const middle = start + split(end - start);
    if (oldSize <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
      isOldTree = false;
    }
  }
  if (!isOldTree) path.push({ start, end });
  return path.toReversed();
}

export function proofOf(ranges: readonly LeafRange[], node: (name: NodeName) => Buffer): readonly Buffer[] {
  return ranges.map(({ start, end }) => fold(cover(start, end).map(node)));
}

export async function readProof(
  ranges: readonly LeafRange[],
  node: (name: NodeName) => Promise<Buffer>,
): Promise<readonly Buffer[]> {
  const proof: Buffer[] = [];
  for (const { start, end } of ranges) proof.push(await readRange(start, end, node));
  return proof;
}

export async function readRange(
  start: number,
  end: number,
  node: (name: NodeName) => Promise<Buffer>,
): Promise<Buffer> {
  const hashes: Buffer[] = [];
  for (const name of cover(start, end)) hashes.push(await node(name));
  return fold(hashes);
}

/** The root that leaf and path lead to, or undefined when the path cannot be one for this index and size. */
export function rootFromInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  const ranges = inclusionRanges(index, size);
  if (ranges.length !== path.length) return undefined;
  let root = leaf;
  for (const [step, range] of ranges.entries()) {
    const sibling = path[step];
    if (sibling?.length !== leaf.length) return undefined;
    root = range.start > index ? nodeHash(root, sibling) : nodeHash(sibling, root);
  }
  return root;
}

export function isIncluded(leaf: Buffer, index: number, size: number, path: readonly Buffer[], root: Buffer): boolean {
  return rootFromInclusion(leaf, index, size, path)?.equals(root) ?? false;
}

export function isConsistent(
  oldSize: number,
  oldRoot: Buffer,
  newSize: number,
  newRoot: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 0 || oldSize > newSize) {
    return false;
  }
  if (oldSize === newSize) return proof.length === 0 && oldRoot.equals(newRoot);
  if (oldSize === 0) return proof.length === 0 && oldRoot.equals(emptyRoot);
  const ranges = consistencyRanges(oldSize, newSize);
  if (ranges.length !== proof.length || proof.some((hash) => hash.length !== oldRoot.length)) return false;
  // Both roots are rebuilt from the same hashes: the old one from those left of the old end, the new one from all.
  let oldHash: Buffer | undefined;
  let newHash: Buffer | undefined;
  let start = 0;
  for (const [step, range] of ranges.entries()) {
    const hash = proof[step] ?? oldRoot;
    if (oldHash === undefined || newHash === undefined) {
      const isOldTreeLeftOut = range.start >= oldSize;
      oldHash = isOldTreeLeftOut ? oldRoot : hash;
      newHash = isOldTreeLeftOut ? nodeHash(oldRoot, hash) : hash;
      start = isOldTreeLeftOut ? 0 : range.start;
    } else if (range.start >= oldSize) {
      newHash = nodeHash(newHash, hash);
    } else {
      oldHash = nodeHash(hash, oldHash);
      newHash = nodeHash(hash, newHash);
      start = range.start;
    }
  }
  return start === 0 && oldHash?.equals(oldRoot) === true && newHash?.equals(newRoot) === true;
}

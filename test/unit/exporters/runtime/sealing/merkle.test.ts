import { describe, expect, it } from 'vitest';
import {
  CompactRange,
  chunkRootOf,
  cover,
  emptyRoot,
  fold,
  leafHash,
  type NodeName,
  nodeHash,
  split,
} from '../../../../../exporters/runtime/sealing/tree/merkle.js';
import {
  consistencyRanges,
  inclusionRanges,
  isConsistent,
  isIncluded,
  proofOf,
} from '../../../../../exporters/runtime/sealing/tree/proofs.js';

const MOST = 200;
const leaves = Array.from({ length: MOST }, (_, n) => leafHash(`record ${n}`));

const known = new Map<string, Buffer>();

/** MTH as RFC 6962 section 2.1 words it. */
function definition(from: number, to: number): Buffer {
  const name = `${from} ${to}`;
  const hash = known.get(name) ?? compute(from, to);
  known.set(name, hash);
  return hash;
}

function compute(from: number, to: number): Buffer {
  if (to === from) return emptyRoot;
  if (to - from === 1) return leaves[from] ?? emptyRoot;
  const k = split(to - from);
  return nodeHash(definition(from, from + k), definition(from + k, to));
}

/** PATH(m, D[n]) as the RFC words it. */
function path(m: number, from: number, to: number): Buffer[] {
  if (to - from === 1) return [];
  const k = split(to - from);
  return m < k
    ? [...path(m, from, from + k), definition(from + k, to)]
    : [...path(m - k, from + k, to), definition(from, from + k)];
}

/** SUBPROOF(m, D[n], b) as the RFC words it. */
function subproof(m: number, from: number, to: number, isWhole: boolean): Buffer[] {
  if (m === to - from) return isWhole ? [] : [definition(from, to)];
  const k = split(to - from);
  return m <= k
    ? [...subproof(m, from, from + k, isWhole), definition(from + k, to)]
    : [...subproof(m - k, from + k, to, false), definition(from, from + k)];
}

const roots = Array.from({ length: MOST + 1 }, (_, n) => definition(0, n));
const root = (n: number) => roots[n] ?? emptyRoot;
const node = ({ level, index }: NodeName) => definition(index * 2 ** level, (index + 1) * 2 ** level);
const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));

describe('hashes of RFC 6962', () => {
  it.each([
    ['the empty tree', emptyRoot, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['an empty leaf', leafHash(''), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ])('has %s as certificate transparency has it', (_name, hash, expected) => {
    expect(hash.toString('hex')).toBe(expected);
  });
});

describe('the compact range', () => {
  it('has the root of the recursive definition at every size, however it grew', () => {
    for (const step of [1, 2, 3, 7, 16, 50, 200]) {
      let range = CompactRange.empty;
      while (range.size < MOST) {
        const growth = range.append(Buffer.concat(leaves.slice(range.size, Math.min(MOST, range.size + step))));
        expect(fold(cover(range.size, growth.size).map(node))).toEqual(growth.chunkRoot);
        expect(chunkRootOf(range.size, Buffer.concat(leaves.slice(range.size, growth.size)))).toEqual(growth.chunkRoot);
        range = growth.range();
        expect(range.root).toEqual(root(range.size));
        expect(range.nodes.size).toBeLessThanOrEqual(8);
      }
    }
  });

  it('proves consistency from nothing but itself and the new leaves', () => {
    for (let old = 0; old < MOST; old += 3) {
      const range = CompactRange.of(old, cover(0, old).map(node));
      for (let size = old; size <= MOST; size += 5) {
        const growth = range.append(Buffer.concat(leaves.slice(old, size)));
        const proof = proofOf(consistencyRanges(old, size), (name) => growth.node(name));
        expect(isConsistent(old, root(old), size, root(size), proof)).toBe(true);
      }
    }
  });

  it('refuses the wrong number of hashes', () => {
    expect(() => CompactRange.of(3, [emptyRoot])).toThrow('3 leaves has 2 complete subtrees');
  });
});

describe('proofs', () => {
  it('of inclusion are those of the definition and verify, for every leaf of every tree', () => {
    for (let size = 1; size <= MOST; size += size < 40 ? 1 : 13) {
      for (let index = 0; index < size; index += 1) {
        const proof = proofOf(inclusionRanges(index, size), node);
        expect(hex(proof)).toEqual(hex(path(index, 0, size)));
        expect(isIncluded(leaves[index] ?? emptyRoot, index, size, proof, root(size))).toBe(true);
      }
    }
  });

  it('of consistency are those of the definition and verify, for all pairs of sizes', () => {
    for (let size = 1; size <= MOST; size += size < 40 ? 1 : 13) {
      for (let old = 1; old <= size; old += 1) {
        const proof = proofOf(consistencyRanges(old, size), node);
        expect(hex(proof)).toEqual(hex(subproof(old, 0, size, true)));
        expect(isConsistent(old, root(old), size, root(size), proof)).toBe(true);
      }
    }
  });

  it('fail when anything in them is changed', () => {
    for (const size of [1, 2, 3, 8, 13, 64, 65, 100]) {
      for (let index = 0; index < size; index += 3) {
        const proof = proofOf(inclusionRanges(index, size), node);
        const leaf = leaves[index] ?? emptyRoot;
        expect(isIncluded(emptyRoot, index, size, proof, root(size))).toBe(false);
        expect(isIncluded(leaf, index, size, proof, root(size + 1))).toBe(false);
        expect(isIncluded(leaf, index, size, [...proof, leaf], root(size))).toBe(false);
        if (size > 1) expect(isIncluded(leaf, index, size, proof.slice(1), root(size))).toBe(false);
        for (const at of proof.keys()) {
          expect(isIncluded(leaf, index, size, proof.with(at, emptyRoot), root(size))).toBe(false);
        }
      }
      for (let old = 1; old < size; old += 1) {
        const proof = proofOf(consistencyRanges(old, size), node);
        expect(isConsistent(old, root(old + 1), size, root(size), proof)).toBe(false);
        expect(isConsistent(old, root(old), size, root(size + 1), proof)).toBe(false);
        expect(isConsistent(size, root(size), old, root(old), proof)).toBe(false);
        for (const at of proof.keys()) {
          expect(isConsistent(old, root(old), size, root(size), proof.with(at, emptyRoot))).toBe(false);
        }
      }
    }
    expect(isIncluded(emptyRoot, -1, 2, [], root(2))).toBe(false);
    expect(isIncluded(emptyRoot, 0.5, 2, [emptyRoot], root(2))).toBe(false);
    expect(isConsistent(0, root(1), 3, root(3), [])).toBe(false);
    expect(isConsistent(3, root(3), 3, root(3), [])).toBe(true);
    expect(isConsistent(3, root(2), 3, root(3), [])).toBe(false);
  });
});

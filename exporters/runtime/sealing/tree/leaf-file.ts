import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import { cover, type Growth, HASH_BYTES, type NodeName } from './merkle.js';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/**
 * What the log does not hold of a chunk: its leaf hashes, the larger subtrees that it completed, and the keys of its
 * rows. With these, proofs need no database and a verifier can name the row. Never any content of a row.
 */
export interface LeafFile {
  readonly start: number;
  readonly end: number;
  /** Empty once the chunk was disposed of. */
  readonly leaves: Buffer;
  /** Of a disposed chunk, what proofs of its neighbours need. */
  readonly cover: Buffer;
  /** By level from `NODE_LEVEL` up, the subtrees that this chunk completed. */
  readonly nodes: readonly Buffer[];
  /** `order \t id \n` for each row, as in the row's COPY text. */
  readonly keys: Buffer;
}

/** Smaller subtrees are hashed again from at most 2^8 leaves; storing them all would double the file. */
export const NODE_LEVEL = 8;

const header = z.strictObject({
  kop: z.literal('leaves-1'),
  start: z.int(),
  end: z.int(),
  leaves: z.int(),
  cover: z.int(),
  nodes: z.array(z.int()),
  keys: z.int(),
});

export function leafFileOf(start: number, leaves: Buffer, keys: Buffer, growth: Growth): LeafFile {
  const nodes: Buffer[] = [];
  for (let level = NODE_LEVEL; level < growth.height; level += 1) nodes.push(growth.newNodes(level));
  return { start, end: growth.size, leaves, cover: Buffer.alloc(0), nodes, keys };
}

/** Leaf hashes and keys go; what other chunks' proofs rest on stays. */
export async function disposedLeafFile(file: LeafFile, node: (name: NodeName) => Promise<Buffer>): Promise<LeafFile> {
  const kept: Buffer[] = [];
  for (const name of cover(file.start, file.end)) kept.push(await node(name));
  return { ...file, leaves: Buffer.alloc(0), keys: Buffer.alloc(0), cover: Buffer.concat(kept) };
}

export async function encodeLeafFile(file: LeafFile): Promise<Buffer> {
  const keys = await deflate(file.keys, { level: 1 });
  const head = {
    kop: 'leaves-1',
    start: file.start,
    end: file.end,
    leaves: file.leaves.length,
    cover: file.cover.length,
    nodes: file.nodes.map((hashes) => hashes.length),
    keys: keys.length,
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), file.leaves, file.cover, ...file.nodes, keys]);
}

export async function decodeLeafFile(bytes: Buffer): Promise<LeafFile> {
  const newline = bytes.indexOf(0x0a);
  const head = header.parse(JSON.parse(bytes.toString('utf8', 0, Math.max(newline, 0))));
  let at = newline + 1;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new Error('leaf file is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const leaves = take(head.leaves);
  const coverHashes = take(head.cover);
  const nodes = head.nodes.map(take);
  const keys = await inflate(take(head.keys));
  return { start: head.start, end: head.end, leaves, cover: coverHashes, nodes, keys };
}

export function isDisposed(file: LeafFile): boolean {
  return file.leaves.length === 0 && file.end > file.start;
}

export function leafAt(file: LeafFile, index: number): Buffer | undefined {
  return slice(file.leaves, index - file.start);
}

/** A node whose last leaf is in this chunk, if it is stored. */
export function storedNode(file: LeafFile, { level, index }: NodeName): Buffer | undefined {
  if (level === 0 && !isDisposed(file)) return leafAt(file, index);
  const nodes = file.nodes[level - NODE_LEVEL];
  if (nodes !== undefined) return slice(nodes, index - Math.floor(file.start / 2 ** level));
  if (!isDisposed(file)) return undefined;
  const at = cover(file.start, file.end).findIndex((name) => name.level === level && name.index === index);
  return at < 0 ? undefined : slice(file.cover, at);
}

function slice(hashes: Buffer, at: number): Buffer | undefined {
  const start = at * HASH_BYTES;
  return at < 0 || start + HASH_BYTES > hashes.length ? undefined : hashes.subarray(start, start + HASH_BYTES);
}

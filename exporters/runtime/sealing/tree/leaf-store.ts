import { join } from 'node:path';
import { SealRefused } from '../errors.js';
import type { Disk } from '../log/disk.js';
import type { EntryIndex } from '../log/entry-index.js';
import {
  decodeLeafFile,
  disposedLeafFile,
  encodeLeafFile,
  isDisposed,
  type LeafFile,
  leafFileOf,
  storedNode,
} from './leaf-file.js';
import { type Growth, type NodeName, nodeHash } from './merkle.js';

export interface NewLeaves {
  readonly leaves: Buffer;
  readonly keys: Buffer;
  readonly growth: Growth;
}

const CACHED = 4;

/** Leaf hashes and row keys, a file for each entry that has rows; and through them every node of the tree. */
export class LeafStore {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #index: EntryIndex;
  readonly #cache = new Map<number, LeafFile>();

  constructor(directory: string, disk: Disk, index: EntryIndex) {
    this.#directory = directory;
    this.#disk = disk;
    this.#index = index;
  }

  /** Undefined for an entry without rows, and where the file is gone. @throws {SealRefused} when it is damaged. */
  async file(seq: number): Promise<LeafFile | undefined> {
    const cached = this.#cache.get(seq);
    if (cached !== undefined) return cached;
    const bytes = await this.#disk.read(this.#path(seq));
    if (bytes === undefined) return undefined;
    let file: LeafFile;
    try {
      file = await decodeLeafFile(bytes);
    } catch (cause) {
      throw new SealRefused('missing', `leaf file of entry ${seq} is damaged`, { cause });
    }
    this.#cache.set(seq, file);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > CACHED && oldest !== undefined) this.#cache.delete(oldest);
    return file;
  }

  readonly node = async (name: NodeName): Promise<Buffer> => {
    const seq = this.#index.entryOfLeaf((name.index + 1) * 2 ** name.level - 1);
    const file = await this.file(seq);
    const stored = file === undefined ? undefined : storedNode(file, name);
    if (stored !== undefined) return stored;
    if (name.level === 0) {
      throw new SealRefused('missing', `the leaf hashes of entry ${seq} are not in ${this.#directory}`);
    }
    const level = name.level - 1;
    return nodeHash(
      await this.node({ level, index: 2 * name.index }),
      await this.node({ level, index: 2 * name.index + 1 }),
    );
  };

  async write(seq: number, start: number, { leaves, keys, growth }: NewLeaves): Promise<void> {
    await this.#disk.makeDirectory(this.#folder(seq));
    await this.#disk.replace(this.#path(seq), await encodeLeafFile(leafFileOf(start, leaves, keys, growth)));
  }

  /** Removes leaf hashes and row keys of these chunks, keeping what the proofs of others rest on. */
  async forget(first: number, last: number): Promise<void> {
    for (let seq = first; seq <= last; seq += 1) {
      const file = await this.file(seq);
      if (file === undefined || isDisposed(file)) continue;
      await this.#disk.replace(this.#path(seq), await encodeLeafFile(await disposedLeafFile(file, this.node)));
      this.#cache.delete(seq);
    }
  }

  /** Of a step that a crash cut short before its entry was there. */
  async remove(seq: number): Promise<void> {
    await this.#disk.remove(this.#path(seq));
    await this.#disk.remove(`${this.#path(seq)}.tmp`);
  }

  #path(seq: number): string {
    return join(this.#folder(seq), `${String(seq).padStart(12, '0')}.leaves`);
  }

  #folder(seq: number): string {
    return join(this.#directory, 'leaves', String(Math.floor(seq / 1000)).padStart(6, '0'));
  }
}

import { join } from 'node:path';
import type { Anchor } from '../../../../pack/sealing/model.js';
import { Disk } from '../log/disk.js';
import { readLine } from '../log/entry.js';
import { readLines } from '../log/log-reader.js';
import { AnchorConflict, type AnchoredEntry, type AnchorTarget, type MissedEntries, originName } from './anchor.js';

/** A complete second copy of the log, best on another host's disk. Missed entries are added later. */
export class DirectoryAnchor implements AnchorTarget {
  readonly name: string;
  readonly #path: string;
  readonly #directory: string;
  readonly #disk: Disk;
  /** The end of what is known to be whole. */
  #tail: { readonly seq: number; readonly line: string; readonly bytes: number } | undefined;

  constructor(anchor: Extract<Anchor, { kind: 'directory' }>, origin: string, disk: Disk = new Disk()) {
    this.name = anchor.name;
    this.#directory = anchor.directory;
    this.#path = join(anchor.directory, `${originName(origin)}.log.jsonl`);
    this.#disk = disk;
  }

  async publish(entry: AnchoredEntry, missed: MissedEntries): Promise<void> {
    await this.#disk.makeDirectory(this.#directory);
    const tail = this.#tail ?? (await this.#readTail());
    if (tail.seq > entry.seq) {
      throw new AnchorConflict(
        `${this.#path} holds entry ${tail.seq}, but the log ends at ${entry.seq}: it was rolled back`,
      );
    }
    if (tail.seq === entry.seq) {
      this.#tail = tail;
      if (tail.line === entry.line) return;
      throw new AnchorConflict(`${this.#path} holds another entry ${entry.seq} than the log: it was forked`);
    }
    if (this.#tail === undefined && tail.seq >= 0) await this.#expectSame(tail, missed);
    this.#tail = tail;
    for await (const next of missed(tail.seq)) await this.#append(next);
  }

  async newest(_seq: number): Promise<string | undefined> {
    const { seq, line } = await this.#readTail();
    return seq < 0 ? undefined : line;
  }

  /** Does not append to a copy whose end differs from the log. */
  async #expectSame(tail: { readonly seq: number; readonly line: string }, missed: MissedEntries): Promise<void> {
    for await (const { line } of missed(tail.seq - 1)) {
      if (line === tail.line) return;
      break;
    }
    throw new AnchorConflict(`${this.#path} holds another entry ${tail.seq} than the log: one of them was rewritten`);
  }

  async #append({ seq, line }: AnchoredEntry): Promise<void> {
    const bytes = this.#tail?.bytes ?? 0;
    // What an interrupted append left behind was never acknowledged.
    await this.#disk.truncate(this.#path, bytes);
    await this.#disk.append(this.#path, `${line}\n`);
    this.#tail = { seq, line, bytes: bytes + Buffer.byteLength(line) + 1 };
  }

  async #readTail(): Promise<{ seq: number; line: string; bytes: number }> {
    let tail = { seq: -1, line: '', bytes: 0 };
    for await (const { text, isWhole, offset, bytes } of readLines(this.#path)) {
      if (isWhole) tail = { seq: tail.seq + 1, line: text, bytes: offset + bytes };
    }
    if (tail.seq >= 0 && readLine(tail.line).statement.seq !== tail.seq) {
      throw new AnchorConflict(`${this.#path} is not a whole copy of the log; set it aside and let it be made anew`);
    }
    return tail;
  }
}

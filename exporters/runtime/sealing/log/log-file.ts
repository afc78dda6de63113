import { join } from 'node:path';
import { SealRefused } from '../errors.js';
import type { Disk } from './disk.js';
import { type LogEntry, type ReadLine, readEntry } from './entry.js';
import type { EntryIndex } from './entry-index.js';
import type { CommonStatement, LogKind } from './statement.js';

/** `log.jsonl`: one line per entry, append-only; an entry exists when its line is whole. */
export class LogFile<S extends CommonStatement> {
  readonly path: string;
  readonly #disk: Disk;
  readonly #index: EntryIndex;
  readonly #kind: LogKind<S, unknown>;
  #bytes = 0;
  /** A failed append may have left a part of a line behind. */
  #isTailUnclean = false;

  constructor(directory: string, disk: Disk, index: EntryIndex, kind: LogKind<S, unknown>) {
    this.path = join(directory, 'log.jsonl');
    this.#disk = disk;
    this.#index = index;
    this.#kind = kind;
  }

  /** A line was read and belongs to the log. */
  take({ statement }: ReadLine, offset: number, bytes: number): void {
    this.#index.add(statement, offset);
    this.#bytes = offset + bytes;
  }

  async entry(seq: number): Promise<LogEntry<S>> {
    const offset = this.#index.offset(seq);
    const end = seq + 1 < this.#index.length ? this.#index.offset(seq + 1) : this.#bytes;
    const bytes = await this.#disk.readRange(this.path, offset, end - offset - 1);
    const entry = readEntry(bytes.toString('utf8'), this.#kind);
    if (entry.statement.seq !== seq) {
      throw new SealRefused('fork', `the log was rewritten while it was in use: entry ${seq} is not in its place`);
    }
    return entry;
  }

  async append(entry: ReadLine, raw: string): Promise<void> {
    try {
      await this.#disk.append(this.path, `${raw}\n`);
    } catch (error) {
      this.#isTailUnclean = true;
      throw error;
    }
    this.take(entry, this.#bytes, Buffer.byteLength(raw) + 1);
  }

  /** @throws {SealRefused} when it is not as it was left. */
  async makeReady(): Promise<void> {
    if (this.#isTailUnclean) {
      await this.#disk.truncate(this.path, this.#bytes);
      this.#isTailUnclean = false;
    }
    if ((await this.#disk.size(this.path)) !== this.#bytes) {
      throw new SealRefused('fork', `${this.path} was changed by someone else while this sealer was running`);
    }
  }

  /**
   * A line that a crash cut short was never acknowledged. Only the very last one can be such.
   *
   * @returns its bytes, when nothing speaks against discarding it.
   */
  async unfinishedTail(offset: number, verifiedUpTo: number): Promise<number> {
    const bytes = await this.#disk.size(this.path);
    const tail = await this.#disk.readRange(this.path, offset, bytes - offset);
    if (tail.subarray(0, -1).includes(0x0a)) {
      throw new SealRefused('fork', `${this.path} is damaged at byte ${offset}, and entries follow`);
    }
    if (this.#index.length <= verifiedUpTo) {
      throw new SealRefused('fork', `${this.path} is damaged at entry ${this.#index.length}, which was verified`);
    }
    return tail.length;
  }

  truncate(offset: number): Promise<void> {
    return this.#disk.truncate(this.path, offset);
  }
}

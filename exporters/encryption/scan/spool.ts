import { type FileHandle, open, rm } from 'node:fs/promises';
import type { StateFolder } from '../../runtime/state/index.js';
import { type Batch, PRINT_BYTES, type Stretch } from './batch.js';
import { ScanFailure } from './failure.js';
import { inStateFolder } from './state-folder.js';

/** Lengths of the key and of the hashes that follow, in bytes. */
const HEADER_BYTES = 8;
const READ_BYTES = 1024 * 1024;
/** Each scan has its own file, so a failure under its name would never be cleared. */
const WORK = 'hashes';

/** The hashes on disk are not those that were written, so earlier nonces are unknown. */
export class SpoolDamaged extends ScanFailure {
  constructor() {
    super('other', 'the file of hashes is damaged; starting again');
  }
}

export interface Block {
  readonly stretch: Stretch;
  readonly prints: Buffer;
}

/**
 * The hashes of a scan on disk, in the order of the table: one block per batch, with its last key. The file only grows,
 * so a resumed scan cuts off what came after its last saved progress.
 */
export class Spool {
  readonly #folder: StateFolder;
  readonly #path: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(folder: StateFolder, path: string, file: FileHandle, bytes: number) {
    this.#folder = folder;
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * @throws {ScanFailure} `state`; {@link SpoolDamaged} when the file is shorter than it should be, because it is not
   * the one that the state speaks of.
   */
  static open(folder: StateFolder, path: string, bytes: number): Promise<Spool> {
    return inStateFolder(folder, WORK, () => Spool.#open(folder, path, bytes));
  }

  static async #open(folder: StateFolder, path: string, bytes: number): Promise<Spool> {
    const file = await open(path, bytes === 0 ? 'w+' : 'r+', 0o600);
    try {
      const { size } = await file.stat();
      if (size < bytes) throw new SpoolDamaged();
      await file.truncate(bytes);
      return new Spool(folder, path, file, bytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append({ last, prints }: Batch): Promise<void> {
    const key = Buffer.from(last, 'utf8');
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(key.length, 0);
    header.writeUInt32LE(prints.length, 4);
    const block = Buffer.concat([header, key, prints]);
    await this.#own(async () => {
      const { bytesWritten } = await this.#file.write(block, 0, block.length, this.#bytes);
      // A full disk accepts a part, and reports the error only at the next write.
      if (bytesWritten < block.length) throw Object.assign(new Error('written in part'), { code: 'ENOSPC' });
    });
    this.#bytes += block.length;
  }

  async *blocks(): AsyncGenerator<Block> {
    let buffer = Buffer.alloc(READ_BYTES);
    let start = 0;
    let end = 0;
    let at = 0;
    let after: string | undefined;
    /** Fills the buffer with this many bytes; false at the end of the file. */
    const fill = async (wanted: number) => {
      if (end - start >= wanted) return true;
      const rest = buffer.subarray(start, end);
      const next = wanted > buffer.length ? Buffer.alloc(wanted) : buffer;
      rest.copy(next);
      buffer = next;
      end -= start;
      start = 0;
      while (end < wanted && at < this.#bytes) {
        const room = Math.min(buffer.length - end, this.#bytes - at);
        const { bytesRead } = await this.#own(() => this.#file.read(buffer, end, room, at));
        if (bytesRead === 0) break;
        at += bytesRead;
        end += bytesRead;
      }
      return end >= wanted;
    };
    while (await fill(HEADER_BYTES)) {
      const keyLength = buffer.readUInt32LE(start);
      const printsLength = buffer.readUInt32LE(start + 4);
      if (printsLength % PRINT_BYTES !== 0 || keyLength + printsLength > this.#bytes) throw new SpoolDamaged();
      const length = HEADER_BYTES + keyLength + printsLength;
      if (!(await fill(length))) throw new SpoolDamaged();
      const keyAt = start + HEADER_BYTES;
      const upTo = buffer.toString('utf8', keyAt, keyAt + keyLength);
      const prints = Buffer.from(buffer.subarray(keyAt + keyLength, start + length));
      start += length;
      yield { stretch: { after, upTo }, prints };
      after = upTo;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await this.#own(() => rm(this.#path, { force: true }));
  }

  #own<T>(work: () => Promise<T>): Promise<T> {
    return inStateFolder(this.#folder, WORK, work);
  }
}

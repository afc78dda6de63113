import { createReadStream } from 'node:fs';
import { errorCode } from '../../error-code.js';

export interface RawLine {
  readonly text: string;
  readonly offset: number;
  /** With its newline. */
  readonly bytes: number;
  /** False for a last line without newline. */
  readonly isWhole: boolean;
}

/** The lines of a log with their places; memory stays flat however long it is. An absent file has none. */
export async function* readLines(path: string): AsyncGenerator<RawLine> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  try {
    for await (const part of createReadStream(path, { highWaterMark: 1 << 16 })) {
      if (!Buffer.isBuffer(part)) continue;
      let block = rest.length === 0 ? part : Buffer.concat([rest, part]);
      for (let newline = block.indexOf(0x0a); newline >= 0; newline = block.indexOf(0x0a)) {
        yield { text: block.toString('utf8', 0, newline), offset, bytes: newline + 1, isWhole: true };
        offset += newline + 1;
        block = block.subarray(newline + 1);
      }
      rest = block;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), offset, bytes: rest.length, isWhole: false };
}

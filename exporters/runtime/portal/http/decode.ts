import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { StepFailure } from '../step-failure.js';

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** What we say we understand. */
export const acceptEncoding = 'gzip, deflate, br';

/** Undoes the content encoding, bounded, so that a small answer cannot unpack into a huge one. */
export async function decode(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === '' || encoding === 'identity' || body.length === 0) return body;
  const decoder = Object.entries(decoders).find(([name]) => name === encoding.trim().toLowerCase())?.[1];
  if (decoder === undefined) throw new StepFailure('protocol', `unknown content encoding ${encoding}`);
  try {
    return await decoder(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    const tooLarge = cause instanceof RangeError;
    throw new StepFailure(
      tooLarge ? 'size' : 'protocol',
      tooLarge ? `the answer unpacks to more than ${maxBytes} bytes` : `the answer is not valid ${encoding}`,
      { cause },
    );
  }
}

import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { StepFailure } from '../step-failure.js';

type Undo = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const unzip = promisify(gunzip);
const undoZlib = promisify(inflate);
const undoRaw = promisify(inflateRaw);

/** In HTTP, `deflate` means the zlib format, but some servers send raw deflate. Browsers accept both. */
const undoDeflate: Undo = (body, options) =>
  undoZlib(body, options).catch((error: unknown) => {
    if (isTooLarge(error)) throw error;
    return undoRaw(body, options);
  });

const codings: ReadonlyMap<string, Undo> = new Map<string, Undo>([
  ['gzip', unzip],
  ['x-gzip', unzip],
  ['deflate', undoDeflate],
  ['br', promisify(brotliDecompress)],
]);

/** The codings that the exporter accepts. */
export const acceptEncoding = 'gzip, deflate, br';

/** More layers are never intended; curl has the same limit. */
const MAX_CODINGS = 5;

/**
 * Decodes the content encodings, the last one first. The size is limited, so that a small answer cannot decompress to a
 * huge one.
 *
 * @throws {StepFailure} `size`, or `protocol` for an unknown encoding or an incomplete stream.
 */
export async function decode(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const names = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > MAX_CODINGS) throw new StepFailure('protocol', `more than ${MAX_CODINGS} content encodings`);
  let bytes = body;
  for (const name of names.reverse()) {
    const undo = codings.get(name);
    // An answer without a body may still name the encoding that it would have.
    if (bytes.length === 0) return bytes;
    if (undo === undefined) throw new StepFailure('protocol', `unknown content encoding ${name}`);
    bytes = await undone(bytes, name, undo, maxBytes);
  }
  return bytes;
}

async function undone(bytes: Buffer, name: string, undo: Undo, maxBytes: number): Promise<Buffer> {
  try {
    return await undo(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw isTooLarge(cause)
      ? new StepFailure('size', `the answer unpacks to more than ${maxBytes} bytes`, { cause })
      : new StepFailure('protocol', `the answer is not valid ${name}`, { cause });
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError;
}

import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { StepFailure } from '../step-failure.js';

type Undo = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const unzip = promisify(gunzip);
const undoZlib = promisify(inflate);
const undoRaw = promisify(inflateRaw);

/** HTTP means zlib's format by `deflate`, and some servers send what is inside of it. Browsers take both. */
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

/** What we say we understand. */
export const acceptEncoding = 'gzip, deflate, br';

/** More in a row is nothing that a portal means; curl draws the line there, too. */
const MAX_CODINGS = 5;

/**
 * Undoes the content encodings, the last one first. Bounded, so that a small answer cannot unpack into a huge one.
 *
 * @throws {StepFailure} `size`, or `protocol` for an encoding that is unknown or whose stream is not whole.
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

import { brotliDecompressSync, constants, inflateRawSync, inflateSync } from 'node:zlib';
import { readsAsText } from './reads-as-text.js';

/**
 * Whether bytes are compressed, and no ciphertext: what a cipher makes is random, and random bytes do not unpack.
 *
 * zlib has a head of two bytes, so it is unpacked, up to the checksum at its end. The heads of the others are long enough:
 * random bytes have one of these in one of 1,000,000,000 rows or fewer.
 */
const HEADS = ['28b52ffd', 'fd377a585a00', '425a6839314159265359'].map((head) => Buffer.from(head, 'hex'));

/** The first two bytes of all of them; one of 8,000 random rows has these. gzip, zlib at each of its levels, and HEADS. */
export const COMPRESSED_BEGINNINGS = ['1f8b', '7801', '785e', '789c', '78da', '28b5', 'fd37', '425a'] as const;

/** So much of a value tells: random bytes are an error within some tens of them. */
export const TELLING_BYTES = 1024;

/** Whoever unpacked so much without an error did not read random bytes. */
const MOST_UNPACKED = 1024 * 1024;

export function isCompressed(bytes: Buffer): boolean {
  const beginning = bytes.toString('hex', 0, 2);
  if (!COMPRESSED_BEGINNINGS.some((each) => each === beginning)) return false;
  if (isGzip(bytes) || HEADS.some((head) => bytes.subarray(0, head.length).equals(head))) return true;
  const head = bytes.subarray(0, TELLING_BYTES);
  // What goes on behind these bytes has its checksum there.
  const isCut = bytes.length >= TELLING_BYTES;
  const finishFlush = isCut ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  return beginning.startsWith('78') && unpacked(inflateSync, head, { finishFlush }) !== undefined;
}

/** RFC 1952: deflate, three reserved flags, then behind a time how much was tried, and on which of 14 systems. */
function isGzip(bytes: Buffer): boolean {
  const [first, second, method, flags = 0xff, , , , , effort = 0xff, system = 0xfe] = bytes;
  const isKnown = [0, 2, 4].includes(effort) && (system <= 13 || system === 0xff);
  return first === 0x1f && second === 0x8b && method === 8 && (flags & 0xe0) === 0 && isKnown;
}

/**
 * Raw deflate and Brotli have neither head nor checksum. So what they unpack to must read as text, and the bytes must end
 * where the stream does.
 */
export function isHeadlessCompressedText(bytes: Buffer): boolean {
  if (mayBeDeflate(bytes) && isTextOf(inflateRawSync, bytes)) return true;
  // Every library of Brotli takes a window of 22 bits if it is not told otherwise.
  return ((bytes[0] ?? 0) & 0x0f) === 0x0b && isTextOf(brotliDecompressSync, bytes);
}

/** Unpacking costs more than all the rest of a row, so four of five random ones are told by their first bytes. */
function mayBeDeflate(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes;
  // Of one block, as the stream of a field is, which says in its first bit that it is the last one.
  if (bytes.length < 5 || (first & 1) === 0) return false;
  const kind = (first >> 1) & 3;
  if (kind === 0) return (bytes.readUInt16LE(1) ^ bytes.readUInt16LE(3)) === 0xffff;
  // Fixed codes: a text begins with a character. 0x30 codes the byte 0, and from 0xc8 on codes are those of bytes beyond ASCII.
  if (kind === 1) {
    const code = reversed((((second << 8) | first) >> 3) & 0xff);
    return code >= 0xc8 || (code >= 0x30 + 9 && code <= 0x30 + 126);
  }
  // Codes of its own: no more than 286 for bytes and lengths, and 30 for distances.
  return kind === 2 && first >> 3 < 30 && (second & 31) < 30;
}

function reversed(byte: number): number {
  let result = 0;
  for (let bit = 0; bit < 8; bit += 1) result |= ((byte >> bit) & 1) << (7 - bit);
  return result;
}

type Unpack = (bytes: Buffer, options: { readonly maxOutputLength: number; readonly finishFlush?: number }) => Buffer;

function isTextOf(unpack: Unpack, bytes: Buffer): boolean {
  const text = unpacked(unpack, bytes);
  // A stream that has ended leaves what is behind it unread: without its last byte one that ended there is none.
  return text !== undefined && readsAsText(text) && unpacked(unpack, bytes.subarray(0, -1)) === undefined;
}

function unpacked(unpack: Unpack, bytes: Buffer, options: { readonly finishFlush?: number } = {}): Buffer | undefined {
  try {
    return unpack(bytes, { maxOutputLength: MOST_UNPACKED, ...options });
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return Buffer.alloc(0);
    return undefined;
  }
}

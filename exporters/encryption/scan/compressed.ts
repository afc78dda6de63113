import { brotliDecompressSync, constants, inflateRawSync, inflateSync } from 'node:zlib';
import { isTextThroughout } from './reads-as-text.js';

/**
 * Whether bytes are compressed data and not a ciphertext: a ciphertext is random, and random bytes do not decompress.
 *
 * zlib has a header of two bytes, so it is decompressed, up to the checksum at its end. The headers of the others are
 * long enough: random bytes begin with one of them in at most one of 1,000,000,000 rows.
 */
const HEADS = ['28b52ffd', 'fd377a585a00', '425a6839314159265359'].map((head) => Buffer.from(head, 'hex'));

/** The first two bytes of all formats (gzip, zlib at each level, and HEADS); one of 8,000 random rows has these. */
export const COMPRESSED_BEGINNINGS = ['1f8b', '7801', '785e', '789c', '78da', '28b5', 'fd37', '425a'] as const;

/** This much of a value is enough: random bytes cause an error within some tens of bytes. */
export const TELLING_BYTES = 1024;

/** If this many bytes decompress without an error, they are not random. */
const MOST_UNPACKED = 1024 * 1024;

export function isCompressed(bytes: Buffer): boolean {
  const beginning = bytes.toString('hex', 0, 2);
  if (!COMPRESSED_BEGINNINGS.some((each) => each === beginning)) return false;
  if (isGzip(bytes) || HEADS.some((head) => bytes.subarray(0, head.length).equals(head))) return true;
  const head = bytes.subarray(0, TELLING_BYTES);
  // A longer value has its checksum after these bytes.
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
 * Raw deflate and Brotli have neither a header nor a checksum. So the result must be readable text, and the bytes must
 * end where the stream ends. All of it must be: random bytes repeat a few bytes over and over, and a piece of that may read
 * as text by chance.
 */
export function isHeadlessCompressedText(bytes: Buffer): boolean {
  if (mayBeDeflate(bytes) && isTextOf(inflateRawSync, bytes)) return true;
  return BROTLI_BEGINNINGS.has(bytes[0] ?? 0) && isTextOf(brotliDecompressSync, bytes);
}

/** Of up to 1 MiB, in a window of 22 bits, which every library takes if it is not told otherwise. */
const BROTLI_BEGINNINGS: ReadonlySet<number> = new Set([0x0b, 0x1b, 0x2b, 0x5b, 0x8b, 0xab]);

/**
 * Decompressing is the most expensive part of a row, so almost all random values are excluded by their first bits (RFC
 * 1951).
 */
function mayBeDeflate(bytes: Buffer): boolean {
  const [first = 0] = bytes;
  // Of one block, as the stream of a field is, which says in its first bit that it is the last one.
  if (bytes.length < 16 || (first & 1) === 0) return false;
  const kind = (first >> 1) & 3;
  if (kind === 0) return (bytes.readUInt16LE(1) ^ bytes.readUInt16LE(3)) === 0xffff;
  return kind === 1 ? beginsWithText(bytes) : kind === 2 && hasWholeCode(bytes);
}

/** Up to three characters in the fixed code, or fewer and then a repetition, which no text begins with. */
function beginsWithText(bytes: Buffer): boolean {
  let at = 3;
  for (let character = 0; character < 3; character += 1) {
    // Codes are the only part of deflate that is written with the highest bit first.
    const code = reversed(bitsAt(bytes, at, 8));
    const isRepetition = code >> 1 > 0 && code >> 1 < 0x18;
    if (isRepetition) return character > 0;
    // 0x30 is the code of the byte 0. From 0xc8 on, codes have nine bits and are those of bytes beyond ASCII.
    const byte = code - 0x30;
    if (code < 0xc8 && !(byte >= 0x20 && byte < 0x7f) && byte !== 9 && byte !== 10 && byte !== 13) return false;
    at += code < 0xc8 ? 8 : 9;
  }
  return true;
}

/** A block with codes of its own begins with lengths of a code for their lengths. They leave no bits unused. */
function hasWholeCode(bytes: Buffer): boolean {
  if (bitsAt(bytes, 3, 5) > 29 || bitsAt(bytes, 8, 5) > 29) return false;
  const count = bitsAt(bytes, 13, 4) + 4;
  let used = 0;
  for (let index = 0; index < count; index += 1) {
    const length = bitsAt(bytes, 17 + index * 3, 3);
    if (length > 0) used += 1 << (7 - length);
  }
  return used === 1 << 7;
}

/** Up to eight bits, the lowest first. */
function bitsAt(bytes: Buffer, at: number, count: number): number {
  const pair = (bytes[at >> 3] ?? 0) | ((bytes[(at >> 3) + 1] ?? 0) << 8);
  return (pair >> (at & 7)) & ((1 << count) - 1);
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
  return text !== undefined && isTextThroughout(text) && unpacked(unpack, bytes.subarray(0, -1)) === undefined;
}

function unpacked(unpack: Unpack, bytes: Buffer, options: { readonly finishFlush?: number } = {}): Buffer | undefined {
  try {
    return unpack(bytes, { maxOutputLength: MOST_UNPACKED, ...options });
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return Buffer.alloc(0);
    return undefined;
  }
}

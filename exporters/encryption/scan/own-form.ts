/** Whether what matched an expression of the configuration is a ciphertext, or text that somebody wrote or encoded. */
import { MARK_BYTES } from './batch.js';
import { isCompressed, isHeadlessCompressedText } from './compressed.js';
import { bytesOf } from './encodings.js';
import { endReadsAsText, isAllText, readsAsText, shortMark } from './reads-as-text.js';

export interface Content {
  readonly state: 'encrypted' | 'plaintext_suspect' | 'malformed';
  /** Of its short parts. */
  readonly marks: Buffer;
}

const TAG_BYTES = 16;
/** So long that an encoding of random bytes has letters of both cases in all but 3 of 100. */
const SHORTEST_ENCODED = 8;
/** Pieces of a text that may be an encoded ciphertext. Shorter ones are words, versions and dates. */
const PIECES = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
/** Hex in pairs, with something between them. */
const SPACED_HEX = /^(?:[0-9A-Fa-f]{2}[\s:.-]?){12,}$/;
/**
 * A mail address: the dot-string and the domain of RFC 5321, with letters of any script. A looser one is met by every two hundredth
 * ciphertext in Ascii85.
 */
const ADDRESS =
  /^(?=[^@]{1,64}@)[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}][\p{L}\p{N}-]*\.)+\p{L}{2,63}$/u;
/** Lines of one length, as an encoder breaks them, and a last one that is not longer. */
const WRAPPED = /^\S{40,}(?:\r?\n\S+)*\s*$/;
const NO_MARKS = Buffer.alloc(MARK_BYTES);

/**
 * The group `ciphertext` of an expression.
 *
 * @param isOfBytes whether each character is one byte.
 */
export function contentOf(ciphertext: string, isOfBytes: boolean): Content {
  const bytes = bytesOf(ciphertext, isOfBytes);
  if (bytes === undefined) return { state: 'malformed', marks: NO_MARKS };
  if (isPlain(bytes)) return { state: 'plaintext_suspect', marks: NO_MARKS };
  return { state: 'encrypted', marks: isOfBothCases(ciphertext) ? marksOf(bytes) : NO_MARKS };
}

/** A whole value, of an expression that has no such group. A head of it may be readable, and so may be each piece but one. */
export function contentOfWhole(value: string, isOfBytes: boolean): Content {
  const bytes = Buffer.from(value, isOfBytes ? 'latin1' : 'utf8');
  if (isOfBytes && !isAllText(bytes)) {
    const isReadable = endReadsAsText(bytes) || isCompressed(bytes);
    return { state: isReadable ? 'plaintext_suspect' : 'encrypted', marks: marksOf(bytes) };
  }
  const pieces = (SPACED_HEX.test(value) ? value.replaceAll(/[\s:.-]/g, '') : value).match(PIECES) ?? [];
  const encoded = pieces.filter((piece) => isHex(piece) || isOfBothCases(piece));
  const contents = encoded.flatMap((piece) => bytesOf(piece, false) ?? []);
  if (encoded.length === 0) {
    const isText = readsAsText(bytes) && ((/\S\s+\S/.test(value) && !isWrapped(value)) || ADDRESS.test(value));
    return { state: isText ? 'plaintext_suspect' : 'encrypted', marks: isOfBytes ? marksOf(bytes) : NO_MARKS };
  }
  const [only] = contents;
  if (only === undefined) return { state: 'encrypted', marks: NO_MARKS };
  const isReadable = contents.length === encoded.length && contents.every(isPlain);
  return {
    state: isReadable ? 'plaintext_suspect' : 'encrypted',
    marks: encoded.length === 1 ? marksOf(only) : NO_MARKS,
  };
}

function isPlain(bytes: Buffer): boolean {
  return readsAsText(bytes) || isCompressed(bytes) || isHeadlessCompressedText(bytes);
}

function marksOf(bytes: Buffer): Buffer {
  const marks = Buffer.alloc(MARK_BYTES);
  marks[0] = shortMark(bytes);
  marks[1] = shortMark(bytes.subarray(0, Math.max(0, bytes.length - TAG_BYTES)));
  return marks;
}

function isWrapped(value: string): boolean {
  if (!WRAPPED.test(value)) return false;
  const lengths = value
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.length);
  const last = lengths.pop() ?? 0;
  return lengths.every((length) => length === lengths[0]) && last <= (lengths[0] ?? last);
}

function isHex(piece: string): boolean {
  return /^(?:[0-9A-Fa-f]{2})+$/.test(piece);
}

/** Base64, and no digits, Base32 or hex, whose bytes are not what random ones are when they are read as Base64. */
function isOfBothCases(text: string): boolean {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return true;
  return (
    (isHex(text) && text.length >= 32) || (text.length >= SHORTEST_ENCODED && /[a-z]/.test(text) && /[A-Z]/.test(text))
  );
}

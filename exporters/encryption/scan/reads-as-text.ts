/**
 * Whether bytes read as text, by the same rules as `shapes/readable.ts` has in SQL: the first or the last 24 bytes are
 * ASCII and Latin letters, or UTF-16 of an alphabet, or the first or the last 32 are UTF-8 of any script.
 *
 * Short ones are asked as a whole, by the rules of `shapes/short.ts`.
 */
import { isUtf8 } from 'node:buffer';
import { READS, SHORT_BYTES, SHORTEST_WIDE } from './short-values.js';

const LATIN_BYTES = 24;
const ANY_SCRIPT_BYTES = 32;
const LAST_ALPHABET = 0x20;
const LAST_PADDING = 0x10;

const LATIN = /^[\x80-\xbf]?(?:[\t\n\r -~]|[\xc2-\xc5][\x80-\xbf])*[\xc2-\xc5]?$/;
const ANY_SCRIPT =
  /^[\x80-\xbf]{0,3}(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*(?:[\xc2-\xef]|[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{0,2})?$/;

const WHOLE = /^(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+$/;

export function readsAsText(bytes: Buffer): boolean {
  return startReadsAsText(bytes) || endReadsAsText(bytes);
}

export function endReadsAsText(bytes: Buffer): boolean {
  return reads(bytes.subarray(-LATIN_BYTES), bytes.subarray(-ANY_SCRIPT_BYTES));
}

/** Of any length, from its first byte to its last, or to padding as of block ciphers. */
export function isAllText(bytes: Buffer): boolean {
  const last = bytes.findLastIndex((byte) => byte > LAST_PADDING);
  return WHOLE.test(bytes.toString('latin1', 0, last + 1));
}

/** From its first byte to its last, in UTF-8, ISO 8859-1 or UTF-16, and long enough to be no accident. */
export function isTextThroughout(bytes: Buffer): boolean {
  if (bytes.length < LATIN_BYTES) return false;
  if (bytes.some(isControl)) return bytes.length % 2 === 0 && isWide(bytes);
  return isUtf8(bytes) || isLatin1(bytes);
}

const LINE_ENDS_AND_TABS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d]);

function isControl(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && !LINE_ENDS_AND_TABS.has(byte));
}

/** Of four letters three at least are without an accent, and none is one of its control characters. */
function isLatin1(bytes: Buffer): boolean {
  const accented = bytes.filter((byte) => byte >= 0x80);
  return accented.every((byte) => byte >= 0xa0) && accented.length * 4 <= bytes.length;
}

/** 0 when it is empty or not short, else its length, and READS where it reads as text. */
export function shortMark(bytes: Buffer): number {
  if (bytes.length === 0 || bytes.length > SHORT_BYTES) return 0;
  const isWideText = bytes.length >= SHORTEST_WIDE && bytes.length % 2 === 0 && isWide(bytes);
  return bytes.length + (isAllText(bytes) || isWideText ? READS : 0);
}

function startReadsAsText(bytes: Buffer): boolean {
  return reads(bytes.subarray(0, LATIN_BYTES), bytes.subarray(0, ANY_SCRIPT_BYTES));
}

function reads(latin: Buffer, anyScript: Buffer): boolean {
  return (
    (latin.length === LATIN_BYTES && (LATIN.test(latin.toString('latin1')) || isWide(latin))) ||
    (anyScript.length === ANY_SCRIPT_BYTES && ANY_SCRIPT.test(anyScript.toString('latin1')))
  );
}

/** UTF-16 of either order: every other byte is that of an alphabet, or of punctuation (U+20xx). */
function isWide(window: Buffer): boolean {
  return [0, 1].some((first) => {
    for (let at = first; at < window.length; at += 2) {
      const [before, alphabet = 0] = at === 0 ? [undefined, window[0]] : window.subarray(at - 1, at + 1);
      if (alphabet > LAST_ALPHABET || (alphabet === 0 && before === 0)) return false;
    }
    return true;
  });
}

/**
 * Whether bytes read as text, by the same rules as `shapes/readable.ts` has in SQL: the first or the last 24 bytes are
 * ASCII and Latin letters, or the first or the last 32 are UTF-8 of any script.
 */
const LATIN_BYTES = 24;
const ANY_SCRIPT_BYTES = 32;

const LATIN = /^[\x80-\xbf]?(?:[\t\n\r -~]|[\xc2-\xc5][\x80-\xbf])*[\xc2-\xc5]?$/;
const ANY_SCRIPT =
  /^[\x80-\xbf]{0,3}(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*(?:[\xc2-\xef]|[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{0,2})?$/;

export function readsAsText(bytes: Buffer): boolean {
  return reads(bytes, LATIN_BYTES, LATIN) || reads(bytes, ANY_SCRIPT_BYTES, ANY_SCRIPT);
}

function reads(bytes: Buffer, count: number, pattern: RegExp): boolean {
  if (bytes.length < count) return false;
  return (
    pattern.test(bytes.toString('latin1', 0, count)) || pattern.test(bytes.toString('latin1', bytes.length - count))
  );
}

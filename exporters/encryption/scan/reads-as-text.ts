/**
 * Whether bytes read as text, by the same rules as `shapes/readable.ts` has in SQL: the first or the last 24 bytes are
 * ASCII and Latin letters, or UTF-16 of an alphabet, or the first or the last 32 are UTF-8 of any script.
 */
const LATIN_BYTES = 24;
const ANY_SCRIPT_BYTES = 32;
const LAST_ALPHABET = 0x20;

const LATIN = /^[\x80-\xbf]?(?:[\t\n\r -~]|[\xc2-\xc5][\x80-\xbf])*[\xc2-\xc5]?$/;
const ANY_SCRIPT =
  /^[\x80-\xbf]{0,3}(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*(?:[\xc2-\xef]|[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{0,2})?$/;

export function readsAsText(bytes: Buffer): boolean {
  return (
    reads(bytes, LATIN_BYTES, (window) => LATIN.test(window.toString('latin1')) || isWide(window)) ||
    reads(bytes, ANY_SCRIPT_BYTES, (window) => ANY_SCRIPT.test(window.toString('latin1')))
  );
}

function reads(bytes: Buffer, count: number, isText: (window: Buffer) => boolean): boolean {
  return bytes.length >= count && (isText(bytes.subarray(0, count)) || isText(bytes.subarray(-count)));
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

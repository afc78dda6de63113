/**
 * Base64 in SQL. `decode` raises an error at the first wrong character, so it is asked for first, always. A search for
 * one wrong place costs a fraction of what matching the whole text does.
 *
 * Besides wrong characters it finds what an encoder never writes: padding in the middle, and bits behind the last byte
 * that are not 0. A text that was truncated and padded again mostly has these.
 *
 * Lengths are those in bytes: counting characters of UTF-8 costs seven times as much. A text in which the two differ
 * has a wrong character, so the answer is the same.
 */
const END = '([AEIMQUYcgkosw048]=|[AQgw]==)?$';
const STANDARD = `^[A-Za-z0-9+/]*${END}`;
const URL_SAFE = `^[A-Za-z0-9_-]*${END}`;

/** Padded, of the standard alphabet, and so long that it may hold so many bytes. */
export function isBase64(expression: string, minimumBytes: number): string {
  return whole(expression, minimumBytes, STANDARD);
}

/** Padded, of the URL's alphabet, and so long that it may hold so many bytes. */
export function isUrlBase64(expression: string, minimumBytes: number): string {
  return whole(expression, minimumBytes, URL_SAFE);
}

/** Bytes of valid Base64 of the URL's alphabet. */
export function decodeUrl(expression: string): string {
  // Two of these cost less than one `translate`, which goes by characters.
  return `decode(replace(replace(${expression}, '-', '+'), '_', '/'), 'base64')`;
}

function whole(expression: string, minimumBytes: number, pattern: string): string {
  const characters = Math.ceil(minimumBytes / 3) * 4;
  return `(octet_length(${expression}) >= ${characters} and octet_length(${expression}) % 4 = 0 and ${expression} ~ '${pattern}')`;
}

/**
 * Base64 in SQL. A search for one wrong character costs a quarter of what matching the whole text does, and `decode`
 * raises an error at the first one, so it is asked for first, always.
 *
 * Lengths are those in bytes: counting characters of UTF-8 costs seven times as much. A text in which the two differ
 * has a wrong character, so the answer is the same.
 */
const WRONG_STANDARD = `[^A-Za-z0-9+/]`;
const WRONG_URL_SAFE = '[^A-Za-z0-9_-]';

/**
 * Padded, of the standard alphabet, and at least so many bytes.
 *
 * @param bare the same without its padding, where that is at hand.
 */
export function isBase64(expression: string, minimumBytes: number, bare = `rtrim(${expression}, '=')`): string {
  const characters = Math.ceil((minimumBytes * 4) / 3);
  return `(octet_length(${bare}) >= ${characters} and octet_length(${expression}) % 4 = 0 and octet_length(${expression}) - octet_length(${bare}) <= 2 and ${bare} !~ '${WRONG_STANDARD}')`;
}

/** Of the URL's alphabet, padded or not. */
export function isUrlBase64(expression: string, minimumBytes: number): string {
  const bare = `rtrim(${expression}, '=')`;
  const characters = Math.ceil((minimumBytes * 4) / 3);
  return `(octet_length(${bare}) >= ${characters} and octet_length(${bare}) % 4 <> 1 and octet_length(${expression}) - octet_length(${bare}) <= 2 and ${bare} !~ '${WRONG_URL_SAFE}')`;
}

/** Fewer bytes of ciphertext may be readable by chance; 24 are in one of 10,000,000,000 rows. */
const READABLE_FROM_BYTES = 24;

/**
 * Whether valid Base64 hides readable ASCII. The first, fifth, ninth and thirteenth characters hold the first bits of
 * bytes; they are below 128 in one of sixteen ciphertexts, and only those are decoded.
 */
export function isReadable(expression: string): string {
  const escaped = `encode(decode(${expression}, 'base64'), 'escape')`;
  const first = `ascii(${expression}) between 65 and 102`;
  const others = [5, 9, 13].map((at) => `ascii(substr(${expression}, ${at}, 1)) between 65 and 102`);
  return `(case when octet_length(${expression}) >= ${Math.ceil((READABLE_FROM_BYTES * 4) / 3)} and ${[first, ...others].join(' and ')} then ${escaped} !~ '[^ -~\\t\\r\\n]|\\\\' else false end)`;
}

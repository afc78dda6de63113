/** Shorter texts contain no ciphertext, and a telephone number is valid hex. */
const SHORTEST_CHARACTERS = 32;

/** Base64 of either alphabet, with its padding or without. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const HEX = /^(?:[0-9A-Fa-f]{2})*$/;

/** A text with its outer encoding removed, one character per byte; undefined if it has no encoding. */
export function peeled(text: string): string | undefined {
  const bare = text.replaceAll(/[\s"]/g, '');
  if (bare.length < SHORTEST_CHARACTERS) return undefined;
  const hex = bare.replace(/^\\x/, '');
  if (HEX.test(hex)) return Buffer.from(hex, 'hex').toString('latin1');
  if (BASE64.test(bare)) return Buffer.from(bare, 'base64').toString('latin1');
  return /^".*"$/s.test(text) ? text.slice(1, -1) : undefined;
}

/**
 * The bytes of a part of a ciphertext, decoded from hex or Base64, or unchanged.
 *
 * @param isOfBytes whether each character is one byte, as in a column of bytes; otherwise it is text.
 * @returns undefined for Base64 that no encoder writes, for example of a truncated text.
 */
export function bytesOf(part: string, isOfBytes: boolean): Buffer | undefined {
  if (part.length >= SHORTEST_CHARACTERS && HEX.test(part)) return Buffer.from(part, 'hex');
  if (!BASE64.test(part)) return Buffer.from(part, isOfBytes ? 'latin1' : 'utf8');
  const bytes = Buffer.from(part, 'base64');
  const bare = part.replace(/=+$/, '');
  const written = bytes.toString(/[-_]/.test(part) ? 'base64url' : 'base64').replace(/=+$/, '');
  return written === bare && (part === bare || part.length % 4 === 0) ? bytes : undefined;
}

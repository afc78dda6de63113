/** Numbers inside a bytea, most significant byte first. Nothing is read behind the end: `w` is `v` with zeros after it. */

/** Zeros behind a value, so that a number that begins at its end can be read. */
export const PADDED = `v || '\\x${'00'.repeat(16)}'::bytea`;

/** An offset that may be anything, brought to where reading is allowed. */
export function withinBytes(at: string): string {
  return `least(${at}, octet_length(v))::int`;
}

export function byteAt(at: string): string {
  return `get_byte(w, ${at})`;
}

export function shortAt(at: string): string {
  return `(get_byte(w, ${at}) * 256 + get_byte(w, ${at} + 1))`;
}

/** As a bigint: four bytes may be more than an integer holds. */
export function longAt(at: string): string {
  return `(${shortAt(at)}::bigint * 65536 + ${shortAt(`${at} + 2`)})`;
}

/** The state of a row's value, judged by its form. The database decides it; no value leaves the database. */
export const rowStates = ['encrypted', 'plaintext_suspect', 'malformed', 'wrapped', 'null'] as const;
export type RowState = (typeof rowStates)[number];

/** A part of the bytes inside a form, as SQL: so many bytes are before it and behind it. */
export interface Span {
  readonly from: number | string;
  readonly behind: number | string;
}

export type SqlLayer = readonly (readonly [name: string, expression: string])[];

/**
 * A ciphertext format as SQL over the value `v`.
 *
 * The states are decided in the same order for every format: an empty value is `null`; a value with the complete form
 * is `encrypted`; a value with its beginning but not the rest is `malformed`; everything else is `plaintext_suspect`. A
 * complete form around readable text is also `plaintext_suspect`, because the text was encoded instead of encrypted. A
 * complete form inside another encoding is `wrapped`: it is not plaintext, but the portal cannot decrypt it either.
 */
export interface Shape {
  /** How `v` is read from the column: as text, bytes or a document. */
  readonly takes: 'text' | 'bytes' | 'document';
  /**
   * Whether a value, given as SQL, has the beginning of the form. Other values are checked with their encoding removed.
   */
  readonly start: (value: string) => string;
  /** Names and expressions. Each layer can use `v` and the layers before it, and is evaluated once. */
  readonly layers: readonly SqlLayer[];
  readonly state: string;
  /**
   * A faster version for valid rows: `null`, `encrypted`, or `unsure`. A batch with an `unsure` row is judged again in full. Without this,
   * every batch is judged in full.
   */
  readonly quick?: { readonly layers: readonly SqlLayer[]; readonly state: string };
  /** The version of an encrypted row; `null` if the format has none. */
  readonly version: string;
  /** What must not occur twice under one key version. `null` if the format does not show it. */
  readonly nonce: string;
  /** The minimum and maximum length of the plaintext; absent if the format does not show a length. */
  readonly plaintext?: { readonly least: string; readonly most: string };
  /** The complete ciphertext, to recognise copies. */
  readonly payload: string;
  /**
   * The bytes inside the form, and at which of them compressed text would begin where a writer compressed in place of
   * encrypting. Absent for forms whose own structure no such writer would keep to.
   */
  readonly inside?: { readonly bytes: string; readonly from: readonly (string | number)[] };
  /**
   * Parts of the bytes `body` that would be text where a writer encoded in place of encrypting, of which a column is judged
   * where they are short. Absent where a form holds no short value, or says how long its parts are.
   */
  readonly shortSpans?: readonly Span[];
}

/** What a row's value is, as far as a look at its form can tell. The database decides it; no value comes to us. */
export const rowStates = ['encrypted', 'plaintext_suspect', 'malformed', 'wrapped', 'null'] as const;
export type RowState = (typeof rowStates)[number];

export type SqlLayer = readonly (readonly [name: string, expression: string])[];

/**
 * A ciphertext format as SQL over the value `v`.
 *
 * The states are decided in one order for every format: nothing there is `null`; what has the whole form is
 * `encrypted`; what has its beginning, but not the rest, is `malformed`; everything else is `plaintext_suspect`, and
 * so is a whole form around readable text, because somebody encoded it instead of encrypting it. A whole form inside
 * one more encoding is `wrapped`: no plain text, and nothing that the portal can open either.
 */
export interface Shape {
  /** How `v` is read from the column: as the text, the bytes or the document that the format is written in. */
  readonly takes: 'text' | 'bytes' | 'document';
  /** Whether a value, given as SQL, has the beginning of the form. One that has not is looked at without its encoding. */
  readonly start: (value: string) => string;
  /** Names and expressions. Each layer sees `v` and the layers before it, and is evaluated once. */
  readonly layers: readonly SqlLayer[];
  readonly state: string;
  /**
   * The same for rows that are as they should be, which costs a clean column far less: `null`, `encrypted`, or `unsure`,
   * and then the batch is judged again in full. Without it every batch is.
   */
  readonly quick?: { readonly layers: readonly SqlLayer[]; readonly state: string };
  /** Of an encrypted row; `null` where the format says none. */
  readonly version: string;
  /** What must never come twice under one key version. `null` where the format shows none. */
  readonly nonce: string;
  /** The fewest and the most bytes that the plaintext can have; without it the form says no length. */
  readonly plaintext?: { readonly least: string; readonly most: string };
  /** The whole ciphertext, for telling a copy from another one. */
  readonly payload: string;
  /**
   * The bytes inside the form, and at which of them compressed text would begin where a writer compressed in place of
   * encrypting. Absent for forms whose own structure no such writer would keep to.
   */
  readonly inside?: { readonly bytes: string; readonly from: readonly (string | number)[] };
}

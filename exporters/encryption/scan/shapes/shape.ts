/** What a row's value is, as far as a look at its form can tell. The database decides it; no value comes to us. */
export const rowStates = ['encrypted', 'plaintext_suspect', 'malformed', 'null'] as const;
export type RowState = (typeof rowStates)[number];

/**
 * A ciphertext format as SQL. The expressions build on each other in three layers, so that none is evaluated twice:
 * `parts` see the value as `v`, `more` sees the parts as well, `state` and the others see all of them.
 *
 * The states are decided in one order for every format: nothing there is `null`; what has the whole form is
 * `encrypted`; what has its beginning, but not the rest, is `malformed`; everything else is `plaintext_suspect`, and
 * so is a whole form around readable text, because somebody encoded it instead of encrypting it.
 */
export interface Shape {
  /** How `v` is read from the column: as the text, the bytes or the document that the format is written in. */
  readonly takes: 'text' | 'bytes' | 'document';
  /** Name and expression. */
  readonly parts: readonly (readonly [name: string, expression: string])[];
  readonly more?: readonly (readonly [name: string, expression: string])[];
  readonly state: string;
  /** Of an encrypted row; `null` where the format says none. */
  readonly version: string;
  /** What must never come twice under one key version. `null` where the format shows none. */
  readonly nonce: string;
  /** The whole ciphertext, for telling a copy from another one. */
  readonly payload: string;
}

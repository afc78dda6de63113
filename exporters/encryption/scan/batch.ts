import type { ScanQuery } from './database.js';
import type { RowState } from './shapes/index.js';
import { MOST_SPANS } from './short-values.js';

/** For each encrypted row: eight bytes of the hash of nonce and key version, then eight of the complete ciphertext. */
export const PRINT_BYTES = 16;

/** One byte for each part of a value that may hold text. */
export const MARK_BYTES = MOST_SPANS;

/** The result of a batch of rows. It contains no values: only states, counts, key versions and hashes. */
export interface Batch {
  readonly rows: number;
  /** Primary key of its last row, as text. */
  readonly last: string;
  readonly groups: readonly { readonly state: RowState; readonly version?: string; readonly rows: number }[];
  readonly prints: Buffer;
  /** For each of these prints, the marks of its short parts, MARK_BYTES. Empty where a form holds no short value. */
  readonly marks: Buffer;
}

/** A range of the table: after `after` (from the beginning without it), up to and including `upTo`. */
export interface Stretch {
  readonly after: string | undefined;
  readonly upTo: string;
}

/** Reads one column, batch by batch. */
export interface BatchReader {
  /** The rows after this key; undefined at the end of the table. All rows with the last key are included. */
  next(query: ScanQuery, after: string | undefined, rows: number): Promise<Batch | undefined>;
  /**
   * Whether rows of these ranges share a nonce and a key version but have different ciphertexts, judged by the values
   * themselves.
   *
   * @param print the nonce's eight bytes.
   */
  confirms(query: ScanQuery, stretches: readonly Stretch[], print: Buffer): Promise<boolean>;
}

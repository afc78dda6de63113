import type { ScanQuery } from './database.js';
import type { RowState } from './shapes/index.js';

/** Eight bytes of the nonce under its key version, then eight of the whole ciphertext, for each encrypted row. */
export const PRINT_BYTES = 16;

/** What a batch of rows comes to. Nothing of it is a value: forms, counts, key versions and hashes. */
export interface Batch {
  readonly rows: number;
  /** Primary key of its last row, as text. */
  readonly last: string;
  readonly groups: readonly { readonly state: RowState; readonly version?: string; readonly rows: number }[];
  readonly prints: Buffer;
}

/** A stretch of the table: after `after` (from the beginning without it), up to and with `upTo`. */
export interface Stretch {
  readonly after: string | undefined;
  readonly upTo: string;
}

/** Reads one column, batch by batch. */
export interface BatchReader {
  /** The rows after this key; undefined at the end of the table. Ties of the last key come along. */
  next(query: ScanQuery, after: string | undefined, rows: number): Promise<Batch | undefined>;
  /**
   * Whether rows of these stretches have one nonce, key version and different ciphertexts, by the values themselves.
   *
   * @param print the nonce's eight bytes.
   */
  confirms(query: ScanQuery, stretches: readonly Stretch[], print: Buffer): Promise<boolean>;
}

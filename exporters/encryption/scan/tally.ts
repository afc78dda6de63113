import { z } from 'zod';
import { type Batch, MARK_BYTES, PRINT_BYTES } from './batch.js';
import { isHidden } from './hidden-version.js';
import { addShortValue, shortValuesSchema } from './short-values.js';

const count = z.int().nonnegative();

/** Counts of a scan: all that is stored about rows, apart from two hashes per ciphertext. */
export const tallySchema = z.object({
  rows: count,
  states: z.object({
    encrypted: count,
    plaintext_suspect: count,
    malformed: count,
    wrapped: count.default(0),
    null: count,
  }),
  /** Encrypted rows by version, or by its hash if the version is not a number. */
  versions: z.record(z.string(), count),
  /** Seed of these hashes; absent in the state of older releases. */
  seed: z.string().default(''),
  /** Encrypted rows without a possible version, or beyond the limit of versions. */
  unversioned: count,
  /** Of encrypted rows that are so short that each could be chance. */
  short: shortValuesSchema.default({}),
});
export type ScanTally = z.infer<typeof tallySchema>;

/** Limit per kind. A portal has tens of versions; a writer that puts values in their place must not fill our memory. */
const MAX_VERSIONS = 1000;

export function emptyTally(seed = ''): ScanTally {
  const states = { encrypted: 0, plaintext_suspect: 0, malformed: 0, wrapped: 0, null: 0 };
  return { rows: 0, states, versions: {}, seed, unversioned: 0, short: {} };
}

export function addBatch(tally: ScanTally, batch: Batch): void {
  tally.rows += batch.rows;
  for (const { state, version, rows } of batch.groups) {
    tally.states[state] += rows;
    if (state !== 'encrypted') continue;
    const known = version === undefined ? undefined : tally.versions[version];
    if (version !== undefined && (known !== undefined || hasRoom(tally, version))) {
      tally.versions[version] = (known ?? 0) + rows;
    } else tally.unversioned += rows;
  }
  for (let row = 0; row * MARK_BYTES < batch.marks.length; row += 1) {
    const marks = batch.marks.subarray(row * MARK_BYTES, (row + 1) * MARK_BYTES);
    // The second half of a print is that of the whole ciphertext.
    const print = batch.prints.subarray(row * PRINT_BYTES + PRINT_BYTES / 2, (row + 1) * PRINT_BYTES);
    addShortValue(tally.short, marks, print);
  }
}

/** Other values in place of a version do not use the limit of real versions. */
function hasRoom({ versions }: ScanTally, version: string): boolean {
  const ofThisSort = Object.keys(versions).filter((each) => isHidden(each) === isHidden(version));
  return ofThisSort.length < MAX_VERSIONS;
}

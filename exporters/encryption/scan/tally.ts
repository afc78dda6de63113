import { z } from 'zod';
import type { Batch } from './batch.js';
import { isHidden } from './hidden-version.js';
import { rowStates } from './shapes/index.js';

const count = z.int().nonnegative();

/** Counts of a scan: all that is kept of a row, apart from two hashes of a ciphertext. */
export const tallySchema = z.object({
  rows: count,
  states: z.object({
    encrypted: count,
    plaintext_suspect: count,
    malformed: count,
    wrapped: count.default(0),
    null: count,
  }),
  /** Encrypted rows by the version they say, or by its hash where that does not count upwards. */
  versions: z.record(z.string(), count),
  /** Of these hashes; of none in what an older release kept. */
  seed: z.string().default(''),
  /** Encrypted rows that say no version that can be one, or one of too many. */
  unversioned: count,
});
export type ScanTally = z.infer<typeof tallySchema>;

/** Of each sort. A portal has tens of versions; whoever writes a value into their place must not fill our memory with it. */
const MAX_VERSIONS = 1000;

export function emptyTally(seed = ''): ScanTally {
  const states = { encrypted: 0, plaintext_suspect: 0, malformed: 0, wrapped: 0, null: 0 };
  return { rows: 0, states, versions: {}, seed, unversioned: 0 };
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
}

/** Whatever somebody writes into its place takes no room from the versions that count. */
function hasRoom({ versions }: ScanTally, version: string): boolean {
  const ofThisSort = Object.keys(versions).filter((each) => isHidden(each) === isHidden(version));
  return ofThisSort.length < MAX_VERSIONS;
}

export function suspects({ states }: ScanTally): number {
  return rowStates.reduce((sum, state) => sum + (state === 'encrypted' || state === 'null' ? 0 : states[state]), 0);
}

import { z } from 'zod';
import type { Batch } from './batch.js';
import { rowStates } from './shapes/index.js';

const count = z.int().nonnegative();

/** Counts of a scan: all that is kept of a row, apart from two hashes of a ciphertext. */
export const tallySchema = z.object({
  rows: count,
  states: z.object({ encrypted: count, plaintext_suspect: count, malformed: count, null: count }),
  /** Encrypted rows by the version they say. */
  versions: z.record(z.string(), count),
  /** Encrypted rows that say no version that can be one, or one of too many. */
  unversioned: count,
});
export type Tally = z.infer<typeof tallySchema>;

/** A portal has tens of versions; whoever writes a value into their place must not fill our memory with it. */
const MAX_VERSIONS = 1000;

export function emptyTally(): Tally {
  const states = { encrypted: 0, plaintext_suspect: 0, malformed: 0, null: 0 };
  return { rows: 0, states, versions: {}, unversioned: 0 };
}

export function addBatch(tally: Tally, batch: Batch): void {
  tally.rows += batch.rows;
  for (const { state, version, rows } of batch.groups) {
    tally.states[state] += rows;
    if (state !== 'encrypted') continue;
    const known = version === undefined ? undefined : tally.versions[version];
    const hasRoom = Object.keys(tally.versions).length < MAX_VERSIONS;
    if (version !== undefined && (known !== undefined || hasRoom)) tally.versions[version] = (known ?? 0) + rows;
    else tally.unversioned += rows;
  }
}

export function suspects({ states }: Tally): number {
  return rowStates.reduce((sum, state) => sum + (state === 'encrypted' || state === 'null' ? 0 : states[state]), 0);
}

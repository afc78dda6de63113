import { type CiphertextState, ciphertextStates } from '../../../pack/encryption/metrics.js';
import { hasGroup, type ScannedColumn } from '../../../pack/encryption/model.js';
import {
  canonical,
  isKnown,
  isReadableVersion,
  isUndecided,
  type KeyKnowledge,
  newestFirst,
} from '../keys/versions.js';
import { hiddenVersion } from './hidden-version.js';
import { readableRows } from './short-values.js';
import type { ScanTally } from './tally.js';

/** The newest this many versions have a series of their own. */
const SHOWN_VERSIONS = 10;

/** The result of a complete scan of a column, given what is known about its key. */
export interface ColumnVerdict {
  readonly states: Readonly<Record<CiphertextState, number>>;
  /** Rows that count as plaintext because of the statistics of the column: each value is short. Absent if there are none. */
  readonly shortText?: number;
  /** Newest first, then `other`. Empty for a format without versions. */
  readonly versions: readonly (readonly [version: string, rows: number])[];
  /**
   * Absent while nothing is encrypted, or the state of some rows is unknown; and for a column without a key, because an audit image keeps its
   * version for ever.
   */
  readonly progressRatio?: number;
  /** Rows under the newest version. */
  readonly newestRows: number;
}

export function saysVersion({ format }: ScannedColumn): boolean {
  return format.kind === 'regex'
    ? hasGroup(format.pattern, 'version')
    : format.kind === 'kingston-jsonb' || format.kind === 'transit';
}

export function judge(tally: ScanTally, column: ScannedColumn, knowledge: KeyKnowledge): ColumnVerdict {
  const shortText = Math.min(tally.states.encrypted, readableRows(tally.short));
  const ofShort = shortText === 0 ? {} : { shortText };
  const { encrypted } = tally.states;
  const found = { ...tally.states, plaintext_suspect: tally.states.plaintext_suspect + shortText };
  if (!saysVersion(column)) {
    return { states: states({ ...found, encrypted: encrypted - shortText }), ...ofShort, versions: [], newestRows: 0 };
  }
  const counted = named(tally, knowledge);
  const seen = Object.keys(counted);
  const known = newestFirst(
    seen.filter((version) => isKnown(version, knowledge)),
    knowledge,
  );
  const rowsOf = (versions: readonly string[]) => versions.reduce((sum, version) => sum + (counted[version] ?? 0), 0);
  const knownRows = rowsOf(known);
  // Their form is valid, but they cannot be decrypted: the key service refuses their version.
  const revokedRows = rowsOf(known.filter((version) => !isReadableVersion(version, knowledge)));
  // It is unknown whether their version was created: not a fault of the portal, but the progress is unknown.
  const undecidedRows = rowsOf(seen.filter((version) => isUndecided(version, knowledge)));
  const shown = known.slice(0, SHOWN_VERSIONS);
  const rest = encrypted - rowsOf(shown);
  const newest = knowledge.latest ?? known[0];
  const newestRows =
    newest === undefined ? 0 : rowsOf(known.filter((version) => canonical(version) === canonical(newest)));
  return {
    states: states({
      ...found,
      ...without(shortText, {
        encrypted: knownRows - revokedRows,
        unknown_version: encrypted - knownRows - undecidedRows,
        revoked_version: revokedRows,
        undecided_version: undecidedRows,
      }),
    }),
    ...ofShort,
    versions: [...shown.map((version) => [version, counted[version] ?? 0] as const), ['other', rest]],
    newestRows,
    ...(encrypted === 0 || undecidedRows > 0 || column.key === undefined
      ? {}
      : { progressRatio: newestRows / encrypted }),
  };
}

/** The versions of these rows are unknown. They are subtracted from the first states that have rows, so that the sum stays correct. */
function without(
  rows: number,
  counts: Partial<Record<CiphertextState, number>>,
): Partial<Record<CiphertextState, number>> {
  let left = rows;
  const result = { ...counts };
  for (const state of ciphertextStates) {
    const taken = Math.min(left, result[state] ?? 0);
    if (taken === 0) continue;
    result[state] = (result[state] ?? 0) - taken;
    left -= taken;
  }
  return result;
}

/** Under their names, if the key's source knows them by now: a rotation may have happened during the scan. */
function named(
  { versions, seed }: ScanTally,
  { versions: told = [], undecided = [], latest }: KeyKnowledge,
): Record<string, number> {
  const names = new Map(
    [...told, ...undecided, ...(latest === undefined ? [] : [latest])].map((name) => [hiddenVersion(name, seed), name]),
  );
  return Object.fromEntries(Object.entries(versions).map(([version, rows]) => [names.get(version) ?? version, rows]));
}

function states(given: Partial<Record<CiphertextState, number>>): Record<CiphertextState, number> {
  const result = {
    encrypted: 0,
    plaintext_suspect: 0,
    malformed: 0,
    wrapped: 0,
    unknown_version: 0,
    undecided_version: 0,
    revoked_version: 0,
    null: 0,
  };
  for (const state of ciphertextStates) result[state] = given[state] ?? 0;
  return result;
}

/** Key versions as texts: `v3`, `3` and `key-3` are the third; other texts have no order. */

/** The number in a version, if there is one. Longer numbers may be dates, phone numbers or anything else. */
export function ordinalOf(version: string): number | undefined {
  const [, digits] = /^(?:v|ver|version|k|key)?[-_.]?(\d{1,6})$/i.exec(version) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The same text for all spellings of a version. */
export function canonical(version: string): string {
  const ordinal = ordinalOf(version);
  return ordinal === undefined ? version : String(ordinal);
}

/** What is known about a key from its source. */
export interface KeyKnowledge {
  /** All versions that were ever created, newest first; absent if the source gives only the newest. */
  readonly versions?: readonly string[];
  readonly latest?: string;
  /** Versions of which the source does not tell whether they were created. */
  readonly undecided?: readonly string[];
  /** The oldest version that can still be decrypted; absent if the source does not tell. */
  readonly earliest?: string;
  readonly rotatedAtSeconds?: number;
}

/** Whether a ciphertext may have this version. If the versions are unknown, every number from 1 may be one. */
export function isKnown(version: string, { versions, latest }: KeyKnowledge): boolean {
  if (versions !== undefined) return versions.some((each) => canonical(each) === canonical(version));
  const ordinal = ordinalOf(version);
  const newest = latest === undefined ? undefined : ordinalOf(latest);
  if (ordinal === undefined) return latest !== undefined && version === latest;
  return ordinal >= 1 && (newest === undefined || ordinal <= newest);
}

/** Whether it is unknown if this version was created. */
export function isUndecided(version: string, knowledge: KeyKnowledge): boolean {
  const { undecided = [] } = knowledge;
  return !isKnown(version, knowledge) && undecided.some((each) => canonical(each) === canonical(version));
}

/** Whether a known version can still be decrypted: the key service refuses versions older than its earliest. */
export function isReadableVersion(version: string, { earliest }: KeyKnowledge): boolean {
  const [ordinal, oldest] = [ordinalOf(version), earliest === undefined ? undefined : ordinalOf(earliest)];
  return ordinal === undefined || oldest === undefined || ordinal >= oldest;
}

/** Newest first, by the order of the source if it gives one, otherwise by number. */
export function newestFirst(versions: readonly string[], { versions: told = [] }: KeyKnowledge): string[] {
  const ranks = new Map(told.map((version, index) => [canonical(version), index]));
  const rank = (version: string) => ranks.get(canonical(version)) ?? told.length - (ordinalOf(version) ?? 0);
  return [...versions].sort((a, b) => rank(a) - rank(b));
}

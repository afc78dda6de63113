/** Key versions as texts: `v3`, `3` and `key-3` are the third; others have no order of their own. */

/** The number in a version, where it has one. Longer ones are dates, phone numbers, anything. */
export function ordinalOf(version: string): number | undefined {
  const [, digits] = /^(?:v|ver|version|k|key)?[-_.]?(\d{1,6})$/i.exec(version) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** One text for what means the same version. */
export function canonical(version: string): string {
  const ordinal = ordinalOf(version);
  return ordinal === undefined ? version : String(ordinal);
}

/** What is known of a key, as far as its source told. */
export interface KeyKnowledge {
  /** All versions that were ever made, newest first; absent where only the newest is told. */
  readonly versions?: readonly string[];
  readonly latest?: string;
  /** Versions that the source names without telling whether they were made. */
  readonly undecided?: readonly string[];
  /** The oldest version that may still be decrypted; absent where the source does not tell. */
  readonly earliest?: string;
  readonly rotatedAtSeconds?: number;
}

/** Whether a ciphertext may say this version. Without knowledge, whatever counts upwards from 1 may be one. */
export function isKnown(version: string, { versions, latest }: KeyKnowledge): boolean {
  if (versions !== undefined) return versions.some((each) => canonical(each) === canonical(version));
  const ordinal = ordinalOf(version);
  const newest = latest === undefined ? undefined : ordinalOf(latest);
  if (ordinal === undefined) return latest !== undefined && version === latest;
  return ordinal >= 1 && (newest === undefined || ordinal <= newest);
}

/** Whether nobody can tell if a version that is not known was made. */
export function isUndecided(version: string, knowledge: KeyKnowledge): boolean {
  const { undecided = [] } = knowledge;
  return !isKnown(version, knowledge) && undecided.some((each) => canonical(each) === canonical(version));
}

/** Whether a version that is known can still be opened: the key service refuses all that are older than its earliest. */
export function isReadableVersion(version: string, { earliest }: KeyKnowledge): boolean {
  const [ordinal, oldest] = [ordinalOf(version), earliest === undefined ? undefined : ordinalOf(earliest)];
  return ordinal === undefined || oldest === undefined || ordinal >= oldest;
}

/** Newest first. Where the source tells the order, it decides; else the numbers do. */
export function newestFirst(versions: readonly string[], { versions: told = [] }: KeyKnowledge): string[] {
  const ranks = new Map(told.map((version, index) => [canonical(version), index]));
  const rank = (version: string) => ranks.get(canonical(version)) ?? told.length - (ordinalOf(version) ?? 0);
  return [...versions].sort((a, b) => rank(a) - rank(b));
}

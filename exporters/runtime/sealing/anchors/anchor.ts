/** What is sent to an anchor: one entry of the log. */
export interface AnchoredEntry {
  readonly seq: number;
  readonly size: number;
  /** The line of the log, without its newline. */
  readonly line: string;
  /** The signed checkpoint in it. */
  readonly checkpoint: string;
}

/** A place that whoever can rewrite the seal directory cannot reach. */
export interface AnchorTarget {
  readonly name: string;
  /**
   * Resolves when the entry is there for good.
   * @param missed reads the entries since `after`, for an anchor that keeps them all.
   */
  publish(entry: AnchoredEntry, missed: MissedEntries, signal: AbortSignal): Promise<void>;
  /**
   * The newest line that it holds, also when somebody tried to hide it; undefined when it holds none. It may search from this entry
   * on first. An anchor that cannot be read back has no such method.
   */
  newest?(seq: number, signal: AbortSignal): Promise<string | undefined>;
}

export type MissedEntries = (after: number) => AsyncIterable<AnchoredEntry>;

/** It holds something that contradicts the log. */
export class AnchorConflict extends Error {
  override readonly name = 'AnchorConflict';
}

/** A name that is safe as a file or object name and still tells its log. */
export function originName(origin: string): string {
  return origin.replace(/[^A-Za-z0-9._-]/g, '_');
}

export function entryName(seq: number): string {
  return String(seq).padStart(12, '0');
}

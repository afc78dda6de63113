/** What a check found. A pass cannot be made without what was seen. */

export interface SeenEvidence {
  /** A number in decimal; absent where a check compares no number. */
  readonly value?: string;
  /** When it was so. */
  readonly asOf: Date;
  /** Where it was seen, in words; no secret and nothing personal. */
  readonly source: string;
}

export type CheckFinding =
  | { readonly outcome: 'pass'; readonly seen: SeenEvidence }
  | { readonly outcome: 'at_risk' | 'fail'; readonly seen: SeenEvidence; readonly reason: string }
  | { readonly outcome: 'unknown'; readonly reason: string; readonly source: string; readonly seen?: SeenEvidence };

export type CheckOutcome = CheckFinding['outcome'];

/** Clocks of two machines may differ by this much. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** Time of the oldest evidence among them; undefined where nothing was seen. */
export function oldestSeen(findings: Iterable<CheckFinding>): Date | undefined {
  const times = [...findings].flatMap(({ seen }) => (seen === undefined ? [] : [seen.asOf.getTime()]));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

export function unknownFinding(source: string, reason: string, seen?: SeenEvidence): CheckFinding {
  return { outcome: 'unknown', reason, source, ...(seen === undefined ? {} : { seen }) };
}

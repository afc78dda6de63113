import { longestLateMs } from '../checks/counters/invariants.js';
import type { Memory } from '../memory.js';
import type { Finding, FindingKind } from './findings.js';

type Unmatched = Memory['unmatched'];

/** Faults that count from now on: mismatches of counters are set off against them. */
export function withUnmatched(before: Unmatched, counted: readonly Finding[], now: number): Unmatched {
  const next = [...before];
  for (const kind of new Set(counted.map((finding) => finding.kind)))
    next.push({ kind, n: counted.filter((finding) => finding.kind === kind).length, at: now });
  return next.length === before.length ? before : next;
}

export function unmatchedCounts(unmatched: Unmatched): Readonly<Record<FindingKind, number>> {
  const sum = (wanted: FindingKind) =>
    unmatched.reduce((total, { kind, n }) => (kind === wanted ? total + n : total), 0);
  return { missing: sum('missing'), unexplained: sum('unexplained'), altered: sum('altered') };
}

/** Those that counters would show by now. No counter shows what DDL did to rows; such a fault must not hide a later mismatch. */
export function withoutOldUnmatched(before: Unmatched, settleMs: number, now: number): Unmatched {
  const kept = before.filter(({ at }) => at + 2 * longestLateMs(settleMs) >= now);
  return kept.length === before.length ? before : kept;
}

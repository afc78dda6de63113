/**
 * A counter of completed cases that never falls although the register is read anew each time. For each day on which cases
 * were started and completed, it keeps the most that were ever seen. So cases that the firm disposes of later stay
 * counted, and cases that are entered late are added. A correction that moves a case to other days counts it again.
 */
import { z } from 'zod';
import type { CaseClock } from './clock.js';
import { dayIn } from './deadlines/day.js';
import { type CompletionOutcome, completionOutcomes, outcomeOf } from './summary.js';

export const seenCompletions = z.record(z.string(), z.number().int().nonnegative());
/** `2026-03-01/2026-03-20/met` to the most that were seen. */
export type SeenCompletions = z.output<typeof seenCompletions>;

export function withCompletions(
  seen: SeenCompletions,
  clocks: readonly CaseClock[],
  timeZone: string,
): SeenCompletions {
  const counts = new Map<string, number>();
  for (const clock of clocks) {
    const outcome = outcomeOf(clock);
    if (outcome === undefined || clock.completedAt === undefined) continue;
    const key = `${clock.startedOn}/${dayIn(clock.completedAt, timeZone)}/${outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { ...seen, ...Object.fromEntries([...counts].map(([key, count]) => [key, Math.max(count, seen[key] ?? 0)])) };
}

export function completedTotals(seen: SeenCompletions): Readonly<Record<CompletionOutcome, number>> {
  const totals = { met: 0, late: 0, uncertain: 0 };
  for (const [key, count] of Object.entries(seen)) {
    const outcome = completionOutcomes.find((each) => key.endsWith(`/${each}`));
    if (outcome !== undefined) totals[outcome] += count;
  }
  return totals;
}

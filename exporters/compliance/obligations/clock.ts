/** What of a case matters once its deadline is known. */
import type { Obligation, ObligationCase } from '../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../pack/policy/model.js';
import { dayFromIso, dayIn, dayOf, isoDay } from './deadlines/day.js';
import { caseDeadline, type DueAnswer, returnDeadline } from './deadlines/deadline.js';
import { endedPeriods } from './deadlines/periods.js';

export interface CaseClock {
  /** ISO day of the start, or of the end of the period. */
  readonly startedOn: string;
  readonly due: DueAnswer;
  readonly completedAt?: Date;
  /** Nothing moves it on now: somebody else has to answer. */
  readonly stands: boolean;
}

/** One for each case; where there is a schedule, one for each period that is over, with a case or without. */
export function clocksOf(
  obligation: Obligation,
  calendar: Calendar,
  cases: readonly ObligationCase[],
  now: Date,
): readonly CaseClock[] {
  if (obligation.schedule !== undefined) return returnClocks(obligation, calendar, cases, now);
  return cases.map((found) => ({
    startedOn: dayIn(found.startedAt, calendar.timeZone),
    due: caseDeadline(obligation, calendar, found, now),
    ...(found.completedAt !== undefined && { completedAt: found.completedAt }),
    stands: found.completedAt === undefined && found.stopped.some(({ from, to }) => to === undefined && from <= now),
  }));
}

function returnClocks(
  obligation: Obligation,
  calendar: Calendar,
  cases: readonly ObligationCase[],
  now: Date,
): readonly CaseClock[] {
  const completions = earliestCompletions(cases);
  const extended = new Set(cases.flatMap(({ periodEnd, isExtended }) => (isExtended ? [periodEnd] : [])));
  const owed = obligation.schedule ? endedPeriods(obligation.schedule, dayOf(now, calendar.timeZone)) : [];
  const early = [...completions.keys()].filter((period) => !owed.some((end) => isoDay(end) === period));
  return [...owed.map(isoDay), ...early].map((period) => {
    const completedAt = completions.get(period);
    return {
      startedOn: period,
      due: returnDeadline(obligation, calendar, dayFromIso(period), extended.has(period)),
      ...(completedAt !== undefined && { completedAt }),
      stands: false,
    };
  });
}

/** A return that was sent again was sent with the first. */
function earliestCompletions(cases: readonly ObligationCase[]): ReadonlyMap<string, Date> {
  const completions = new Map<string, Date>();
  for (const { periodEnd, completedAt } of cases) {
    if (periodEnd === undefined || completedAt === undefined) continue;
    const before = completions.get(periodEnd);
    if (before === undefined || completedAt < before) completions.set(periodEnd, completedAt);
  }
  return completions;
}

import type { DateTime } from 'luxon';
import type { ReturnSchedule } from '../../../../pack/compliance/model/index.js';
import { dayFromIso, isoDay } from './day.js';

/** Ends of the periods of a schedule that are over before `today`, oldest first. */
export function endedPeriods(schedule: ReturnSchedule, today: DateTime): readonly DateTime[] {
  const ends: DateTime[] = [];
  for (let period = 0; ; period += 1) {
    const end = periodEnd(schedule, period);
    if (end >= today) return ends;
    ends.push(end);
  }
}

/** Also of a period that is not over: a return may be ready early. */
export function isPeriodEnd(schedule: ReturnSchedule, written: string): boolean {
  const day = dayFromIso(written);
  if (!day.isValid || isoDay(day) !== written) return false;
  const first = dayFromIso(schedule.periodEnds);
  const months = (day.year - first.year) * 12 + day.month - first.month;
  return (
    months >= 0 &&
    months % schedule.everyMonths === 0 &&
    isoDay(periodEnd(schedule, months / schedule.everyMonths)) === written
  );
}

/** Counted from the first, so that 31 January, 28 February and 31 March follow each other; never from the one before. */
function periodEnd({ periodEnds, everyMonths }: ReturnSchedule, period: number): DateTime {
  const first = dayFromIso(periodEnds);
  const end = first.plus({ months: period * everyMonths });
  return first.day === first.daysInMonth ? end.endOf('month').startOf('day') : end;
}

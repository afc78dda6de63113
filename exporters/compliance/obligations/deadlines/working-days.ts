import type { DateTime } from 'luxon';
import { dayState } from '../../../../pack/policy/calendar.js';
import type { Calendar } from '../../../../pack/policy/model.js';
import { dayAfter, isoDay } from './day.js';

/** A day that the table of bank holidays does not cover decides. */
export interface UnknownDay {
  readonly uncertain: string;
}

/** The day itself, or the next one on which the calendar is open. */
export function rolledToWorkingDay(calendar: Calendar, day: DateTime): DateTime | UnknownDay {
  let candidate = day;
  for (;;) {
    const state = stateOf(calendar, candidate);
    if (state === 'open') return candidate;
    if (state === 'unknown') return unknownDay(calendar, candidate);
    candidate = dayAfter(candidate);
  }
}

/** The last of `count` working days, counted from the day after `start`, leaving out days on which the clock stood. */
export function afterWorkingDays(
  calendar: Calendar,
  start: DateTime,
  count: number,
  isLeftOut: (day: DateTime) => boolean,
): DateTime | UnknownDay {
  let day = start;
  for (let counted = 0; counted < count; ) {
    day = dayAfter(day);
    if (isLeftOut(day)) continue;
    const state = stateOf(calendar, day);
    if (state === 'unknown') return unknownDay(calendar, day);
    if (state === 'open') counted += 1;
  }
  return day;
}

function stateOf(calendar: Calendar, day: DateTime): ReturnType<typeof dayState> {
  return dayState(calendar, isoDay(day), day.weekday);
}

function unknownDay(calendar: Calendar, day: DateTime): UnknownDay {
  return {
    uncertain:
      `the bank holidays of the calendar ${calendar.name} (${calendar.holidays}) are not known for ${isoDay(day)}: ` +
      'install a newer version of the pack, or list the days under its overrides',
  };
}

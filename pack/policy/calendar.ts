import { DateTime } from 'luxon';
import { holidayTable } from './holidays/tables.js';
import type { Calendar } from './model.js';

/**
 * Whether it is business hours, by the wall clock of the calendar's time zone. So a day with a clock change opens and
 * closes at its usual hours.
 */
export function isOpen(calendar: Calendar, instant: Date): boolean {
  const local = DateTime.fromJSDate(instant, { zone: calendar.timeZone });
  const minute = local.hour * 60 + local.minute;
  const { opensMinute, closesMinute } = calendar;
  if (opensMinute < closesMinute) {
    return isOpenDay(calendar, local) && minute >= opensMinute && minute < closesMinute;
  }
  // Over midnight: hours that began yesterday belong to yesterday.
  return minute >= opensMinute
    ? isOpenDay(calendar, local)
    : minute < closesMinute && isOpenDay(calendar, local.minus({ days: 1 }));
}

function isOpenDay(calendar: Calendar, local: DateTime): boolean {
  return dayState(calendar, local.toFormat('yyyy-MM-dd'), local.weekday) !== 'closed';
}

/**
 * Whether the calendar is open on a day. Unknown on a weekday that the table of bank holidays does not cover: what
 * counts working days must not take it for one.
 */
export function dayState(calendar: Calendar, isoDay: string, weekday: number): 'open' | 'closed' | 'unknown' {
  const override = calendar.overrides[isoDay];
  if (override !== undefined) return override;
  if (!calendar.weekdays.includes(weekday)) return 'closed';
  const table = calendar.holidays === undefined ? undefined : holidayTable(calendar.holidays);
  if (table === undefined) return 'open';
  if (table.days[isoDay] !== undefined) return 'closed';
  const year = Number(isoDay.slice(0, 4));
  return year >= table.firstYear && year <= table.lastYear ? 'open' : 'unknown';
}

/** The first instant for which the bank holidays are unknown; undefined for a calendar without bank holidays. */
export function validUntil(calendar: Calendar): Date | undefined {
  const table = calendar.holidays === undefined ? undefined : holidayTable(calendar.holidays);
  if (table === undefined) {
    return undefined;
  }
  return DateTime.fromObject({ year: table.lastYear + 1, month: 1, day: 1 }, { zone: calendar.timeZone }).toJSDate();
}

/**
 * Calendar days without a time zone, as luxon's midnights in UTC: there every day has 24 hours, so that adding days and
 * months is exact. A zone comes in only where an instant becomes a day, and a day an instant.
 */
import { DateTime } from 'luxon';

/** The day of an instant on the wall calendar of a zone. */
export function dayOf(instant: Date, timeZone: string): DateTime {
  const { year, month, day } = DateTime.fromJSDate(instant, { zone: timeZone });
  return DateTime.utc(year, month, day);
}

/** The ISO day that it is at this moment in a zone. */
export function dayIn(instant: Date, timeZone: string): string {
  return isoDay(dayOf(instant, timeZone));
}

export function isoDay(day: DateTime): string {
  return day.toISODate() ?? '';
}

/** Many times faster than adding a day, and the same: in UTC each has 24 hours. */
export function dayAfter(day: DateTime): DateTime {
  return DateTime.fromMillis(day.toMillis() + 86_400_000, { zone: 'utc' });
}

export function dayFromIso(written: string): DateTime {
  return DateTime.fromISO(written, { zone: 'utc' });
}

/** The last millisecond of a day in a zone. */
export function endOfDay(day: DateTime, timeZone: string): Date {
  return new Date(startOfDay(day.plus({ days: 1 }), timeZone).getTime() - 1);
}

/**
 * Its first instant. That is not midnight where the clock goes forward at midnight. Where it goes back to midnight, there
 * are two, and luxon alone takes the second: Havana, 2 November 2031.
 */
export function startOfDay({ year, month, day }: DateTime, timeZone: string): Date {
  const midnight = DateTime.fromObject({ year, month, day }, { zone: timeZone }).startOf('day');
  return new Date(Math.min(...midnight.getPossibleOffsets().map((possible) => possible.toMillis())));
}

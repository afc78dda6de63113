import { DateTime } from 'luxon';

/** The ISO day that it is at this moment in a time zone. */
export function dayIn(instant: Date, timeZone: string): string {
  return DateTime.fromJSDate(instant, { zone: timeZone }).toFormat('yyyy-MM-dd');
}

import { DateTime } from 'luxon';

/** A moment as a register writes it, which may be a whole day. */
export interface WrittenInstant {
  readonly start: Date;
  readonly end: Date;
  readonly isDay: boolean;
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;

/** @returns undefined when it is no day and no instant. Without an offset, an instant is of this time zone. */
export function writtenInstant(written: string, timeZone: string): WrittenInstant | undefined {
  const text = written.trim();
  const isDay = DAY.test(text);
  if (!isDay && !INSTANT.test(text)) return undefined;
  const moment = DateTime.fromISO(text.replace(' ', 'T').replace(/ (?=[+-]\d\d)/, ''), { zone: timeZone });
  if (!moment.isValid) return undefined;
  if (!isDay) return { start: moment.toJSDate(), end: moment.toJSDate(), isDay };
  return { start: moment.startOf('day').toJSDate(), end: moment.endOf('day').toJSDate(), isDay };
}

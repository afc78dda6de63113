import { InvalidArgumentError } from 'commander';

/** A day (its end, in UTC, so that the whole day counts) or an instant with its offset. */
export function momentOf(text: string): Date {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const time = Date.parse(isDay ? `${text}T23:59:59.999Z` : text);
  if ((isDay || isInstant) && !Number.isNaN(time) && isOnCalendar(text.slice(0, 10))) return new Date(time);
  throw new InvalidArgumentError('Expected a day such as 2026-03-03, or an instant such as 2026-03-03T12:00Z.');
}

/** Date.parse takes 30 February for 2 March. */
function isOnCalendar(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

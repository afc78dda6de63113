import type { DateTime } from 'luxon';
import type { ObligationCase } from '../../../../pack/compliance/model/index.js';
import { dayOf } from './day.js';

/** Days on which the clock stood still, both ends included. */
export interface StoppedDays {
  readonly from: DateTime;
  readonly to: DateTime;
}

/**
 * From the day on which the controller asks to the day on which the answer comes. Without an answer the clock stands
 * until today, so the deadline of such a case moves with each day. Days before the start never counted; overlapping
 * intervals count once.
 */
export function stoppedDays(
  stopped: ObligationCase['stopped'],
  start: DateTime,
  now: Date,
  timeZone: string,
): readonly StoppedDays[] {
  const clipped = stopped
    // An answer that is announced has not come.
    .map(({ from, to = now }) => ({
      from: later(dayOf(from, timeZone), start),
      to: dayOf(to < now ? to : now, timeZone),
    }))
    .filter(({ from, to }) => from <= to)
    .sort((a, b) => a.from.toMillis() - b.from.toMillis());
  const merged: StoppedDays[] = [];
  for (const next of clipped) {
    const last = merged.at(-1);
    if (last === undefined || next.from > last.to.plus({ days: 1 })) merged.push(next);
    else merged.splice(-1, 1, { from: last.from, to: later(last.to, next.to) });
  }
  return merged;
}

/** The end of a period moves by the days that stood; an interval that begins after the end has none to give. */
export function movedByStops(end: DateTime, stops: readonly StoppedDays[]): DateTime {
  return stops.reduce(
    (moved, { from, to }) => (from > moved ? moved : moved.plus({ days: to.diff(from, 'days').days + 1 })),
    end,
  );
}

export function isStoppedOn(day: DateTime, stops: readonly StoppedDays[]): boolean {
  return stops.some(({ from, to }) => from <= day && day <= to);
}

function later(a: DateTime, b: DateTime): DateTime {
  return a > b ? a : b;
}

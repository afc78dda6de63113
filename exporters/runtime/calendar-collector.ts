import type { Calendar } from '../../pack/index.js';
import { isOpen, validUntil } from '../../pack/policy/calendar.js';
import { calendarMetrics } from '../../pack/policy/metrics.js';
import { type Collector, noData } from './collector.js';
import { family } from './metrics/family.js';

/** Reports when business hours are, because PromQL has neither time zones nor bank holidays. */
export function calendarCollector(calendars: () => readonly Calendar[]): Collector {
  return {
    name: 'calendar',
    collect({ now }) {
      const all = calendars();
      if (all.length === 0) return noData('the configuration describes no calendar');
      return [
        family(
          calendarMetrics.open,
          all.map((calendar) => [{ calendar: calendar.name }, isOpen(calendar, now) ? 1 : 0]),
        ),
        family(
          calendarMetrics.validUntil,
          // A calendar without bank holidays never ends, so it has no such series.
          all.flatMap((calendar) => {
            const until = validUntil(calendar);
            return until === undefined ? [] : [[{ calendar: calendar.name }, until.getTime() / 1000] as const];
          }),
        ),
      ];
    },
  };
}

import { gauge } from '../metrics/declare.js';

/** PromQL knows no time zones, so an exporter that does says when business hours are. */
export const calendarMetrics = {
  open: gauge(
    'calendar_open',
    'boolean',
    ['calendar'],
    'Whether the calendar is open now: business hours, in its own time zone, bank holidays heeded.',
  ),
  validUntil: gauge(
    'calendar_valid_until_timestamp_seconds',
    'timestamp',
    ['calendar'],
    'Until when the bank holidays of this calendar are known.',
  ),
} as const;

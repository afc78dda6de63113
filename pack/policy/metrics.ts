import { gauge } from '../metrics/declare.js';

/** PromQL has no time zones, so the exporter reports when business hours are. */
export const calendarMetrics = {
  open: gauge(
    'calendar_open',
    'boolean',
    ['calendar'],
    'Whether the calendar is open now: business hours in its time zone, except on bank holidays.',
  ),
  validUntil: gauge(
    'calendar_valid_until_timestamp_seconds',
    'timestamp',
    ['calendar'],
    'Until when the bank holidays of this calendar are known.',
  ),
} as const;

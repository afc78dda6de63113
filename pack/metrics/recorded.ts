import { recorded } from './record.js';

/** What the rules record about the exporters themselves. */
export const exporterRecorded = {
  lastSeen: recorded(
    'kop:exporter_last_seen:timestamp_seconds',
    'timestamp',
    ['exporter', 'job', 'instance'],
    'When the exporter was last scraped. Kept for an hour, and for as long as its target is configured but down.',
  ),
} as const;

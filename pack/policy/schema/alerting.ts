import { z } from 'zod';
import { documentBase, url } from '../../reading/schema/patterns.js';
import { count, expected, name, section } from '../../reading/schema/say.js';
import { multipleOf, wholeSeconds } from '../../reading/schema/units.js';
import { priority } from './severity.js';

/** Long windows are summed from slices of this length, so each window must be a multiple of it. */
const sliceMs = 300_000;

const window = () => multipleOf(sliceMs, 'a multiple of 5m, such as 30m or 6h');

const burn = section({
  name: name().describe('Name of the alert.'),
  short: window().describe(
    'Short window. The alert also needs the burn rate in this window, so that it resolves soon after the errors stop.',
  ),
  long: window().describe('Long window over which the burn rate is measured.'),
  factor: z
    .number({ error: expected('a number above 0') })
    .positive({ error: expected('a number above 0') })
    .describe('Burn rate at which it fires: 1 uses up the error budget exactly at the end of the period.'),
  priority: priority().describe('Priority of the alert.'),
});

export const alerting = section({
  minimumMissedRuns: count(1, 1000)
    .prefault(3)
    .describe('Missed runs in the long window without which no burn alert fires. Default 3.'),
  noDataFor: wholeSeconds().prefault('10m').describe('Series absent for this long count as no data. Default 10m.'),
  stalledFor: wholeSeconds()
    .prefault('30m')
    .describe('Runs absent for this long, while the exporter is up, count as stalled. Default 30m.'),
  burn: z
    .array(burn, { error: expected('a list of burn alerts') })
    .min(1, { error: expected('at least one burn alert') })
    .prefault([
      { name: 'fast', short: '5m', long: '1h', factor: 14.4, priority: 'critical' },
      { name: 'medium', short: '30m', long: '6h', factor: 6, priority: 'high' },
      { name: 'slow', short: '2h', long: '1d', factor: 3, priority: 'medium' },
      { name: 'trickle', short: '6h', long: '3d', factor: 1, priority: 'low' },
    ])
    .describe('Multi-window burn-rate alerts. Default: the four of the Google SRE workbook.'),
  runbookBaseUrl: documentBase()
    .prefault('docs/runbooks')
    .describe('Where alerts find their runbooks: a URL, or a path inside the pack. Default docs/runbooks.'),
  dashboardBaseUrl: url('full', 'https://grafana.example.com')
    .prefault('http://localhost:3000')
    .describe('Where alerts find Grafana. Default http://localhost:3000.'),
});

export type ParsedAlerting = z.output<typeof alerting>;

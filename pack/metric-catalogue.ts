/**
 * Every series that a query may name, with its type and labels. Contract tests hold rules and dashboards against it.
 */
import { packDomains } from './layout.js';
import type { Metric, MetricFamily, MetricType, Recorded } from './metrics/declare.js';
import { foreignSeries } from './metrics/foreign.js';
import type { Window } from './metrics/window.js';
import { sharedMetrics, sharedRecorded } from './shared/index.js';

export interface CatalogueEntry {
  readonly type: MetricType | 'recorded';
  readonly labels: readonly string[];
}

/** The metrics that exporters expose. */
export function metricFamilies(): readonly MetricFamily[] {
  return [...packDomains.flatMap(({ metrics }) => metrics), ...sharedMetrics];
}

/** Every series that rules record, for the given burn-rate windows. */
export function recordedSeries(windows: readonly Window[]): readonly Recorded[] {
  return [...packDomains.flatMap(({ recorded }) => recorded(windows)), ...sharedRecorded];
}

/** Series names as queries use them: a histogram has three, and recorded series are included. */
export function catalogue(windows: readonly Window[]): ReadonlyMap<string, CatalogueEntry> {
  const exposed = [
    ...metricFamilies().flatMap(({ metrics }) => Object.values(metrics)),
    ...Object.values(foreignSeries),
  ];
  return new Map([
    ...exposed.flatMap(seriesOf),
    ...recordedSeries(windows).map(({ name, labels }) => [name, { type: 'recorded', labels }] as const),
  ]);
}

function seriesOf({ name, type, labels }: Metric): readonly (readonly [string, CatalogueEntry])[] {
  if (type !== 'histogram') return [[name, { type, labels }]];
  return [
    [`${name}_bucket`, { type, labels: [...labels, 'le'] }],
    [`${name}_sum`, { type, labels }],
    [`${name}_count`, { type, labels }],
  ];
}

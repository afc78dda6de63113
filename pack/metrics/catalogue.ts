/**
 * Every series that a query may name, with its type and labels. Contract tests hold rules and dashboards against it.
 * Not part of `index.ts`, which it reads whole, so that a family added there is known here by itself.
 */
import type { Metric, MetricType } from './declare.js';
import { foreignSeries } from './foreign.js';
import * as declared from './index.js';
import { recordedSeries, type Window } from './recorded.js';

export interface CatalogueEntry {
  readonly type: MetricType | 'recorded';
  readonly labels: readonly string[];
}

export interface MetricFamily {
  /** Name of the declaration, such as `workflowMetrics`. */
  readonly name: string;
  readonly metrics: readonly Metric[];
}

/** The declared families, in the order of their names. */
export function metricFamilies(): readonly MetricFamily[] {
  return Object.entries(declared)
    .filter(([name]) => name.endsWith('Metrics'))
    .map(([name, family]) => ({ name, metrics: Object.values(family).filter(isMetric) }));
}

/** Series names as queries see them: a histogram is three, and what rules record is there too. */
export function catalogue(windows: readonly Window[]): ReadonlyMap<string, CatalogueEntry> {
  const exposed = [...metricFamilies().flatMap(({ metrics }) => metrics), ...Object.values(foreignSeries)];
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

function isMetric(value: unknown): value is Metric {
  return typeof value === 'object' && value !== null && 'name' in value && 'help' in value && 'labels' in value;
}

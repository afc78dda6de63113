import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Metric, MetricType, Unit } from '../../../pack/metrics/index.js';
import type { Family, HistogramSample, ValueSample } from './family.js';
import { labelText } from './labels.js';

/**
 * `process_*` and `nodejs_*`, measured by prom-client. Its registry is used only here; its rendering and negotiation
 * are not used. The result is ordinary families.
 */
export class ProcessMetrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  async families(): Promise<Family[]> {
    const metrics: readonly Exposed[] = await this.#registry.getMetricsAsJSON();
    // Three gauges named `_total` repeat the sum of a labelled metric, and a gauge's name may not end in `_total`.
    return metrics.filter(({ name, type }) => String(type) === 'counter' || !name.endsWith('_total')).map(toFamily);
  }
}

/** The part of prom-client's model that is used here. Its typings omit `metricName` of a histogram's values. */
interface Exposed {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly ExposedValue[];
}

interface ExposedValue {
  readonly labels: Partial<Readonly<Record<string, string | number>>>;
  readonly value: number;
  readonly metricName?: string;
}

function toFamily(exposed: Exposed): Family {
  const { name, help, values } = exposed;
  const type = typeOf(exposed);
  const names = [...new Set(values.flatMap((value) => Object.keys(value.labels)))].filter((label) => label !== 'le');
  const decl: Metric = { name, type, unit: unitOf(name), help: help.trim(), labels: names };
  const samples = type === 'histogram' ? histogramSamples(name, names, values) : valueSamples(names, values);
  return { decl, samples };
}

function typeOf({ name, type }: Exposed): MetricType {
  const text = String(type);
  if (text === 'counter' || text === 'gauge' || text === 'histogram') return text;
  throw new TypeError(`${name}: prom-client exposes the type ${text}, which has no place on our pages`);
}

function valueSamples(names: readonly string[], values: readonly ExposedValue[]): ValueSample[] {
  return values.map(({ labels, value }) => ({ labels: serialised(names, labels), value }));
}

interface Gathered {
  readonly buckets: [bound: number, accumulated: number][];
  sum: number;
}

function histogramSamples(name: string, names: readonly string[], values: readonly ExposedValue[]): HistogramSample[] {
  const gathered = new Map<string, Gathered>();
  for (const { labels, value, metricName } of values) {
    const key = serialised(names, labels);
    const series = gathered.get(key) ?? { buckets: [], sum: 0 };
    gathered.set(key, series);
    if (metricName === `${name}_sum`) series.sum = value;
    else if (labels.le !== undefined) {
      series.buckets.push([labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le), value]);
    }
  }
  return Array.from(gathered, ([labels, { buckets, sum }]) => {
    buckets.sort(([a], [b]) => a - b);
    return {
      labels,
      bounds: buckets.map(([bound]) => bound).filter(Number.isFinite),
      counts: buckets.map(([, accumulated], index) => accumulated - (buckets[index - 1]?.[1] ?? 0)),
      sum,
    };
  });
}

/** If a series lacks a label that another has, the label is omitted, which is the same as empty. */
function serialised(names: readonly string[], labels: ExposedValue['labels']): string {
  const present = names.filter((name) => labels[name] !== undefined);
  return labelText(present, Object.fromEntries(present.map((name) => [name, String(labels[name])])));
}

function unitOf(name: string): Unit {
  if (name.endsWith('_info')) return 'info';
  if (name.endsWith('_bytes')) return 'bytes';
  if (name.endsWith('_seconds') || name.endsWith('_seconds_total')) return 'seconds';
  return 'count';
}

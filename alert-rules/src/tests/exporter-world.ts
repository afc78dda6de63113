import { runtimeMetrics } from '../../../pack/metrics/index.js';
import type { InputSeries } from './scenario.js';
import { target } from './target.js';
import { Timeline } from './timeline.js';

/** What an exporter is like for some minutes; whatever is not said is as it should be. */
export interface ExporterPhase {
  readonly minutes: number;
  /** `gone`: not even configured in Prometheus any more. */
  readonly target?: 'up' | 'down' | 'gone';
  readonly collectorOk?: boolean;
  /** `index/count`. */
  readonly shard?: string;
  /** Of the description. */
  readonly sha256?: string;
  /** Whether an exporter of the process can keep its state. */
  readonly stateOk?: boolean;
  readonly threadRestartsPerMinute?: number;
  readonly overflows?: number;
  readonly reloadOk?: boolean;
}

export interface ExporterWorld {
  readonly phases: readonly ExporterPhase[];
  readonly instance?: string;
}

export function answers(phase: ExporterPhase): boolean {
  return (phase.target ?? 'up') === 'up';
}

/** What every exporter says of itself, as Prometheus would scrape it, one sample a minute. */
export function exporterSeries({ phases, instance }: ExporterWorld): readonly InputSeries[] {
  const at = { ...target, ...(instance === undefined ? {} : { instance }) };
  const always = (phase: ExporterPhase) => phase.target !== 'gone';
  const gauge = (
    name: string,
    labels: Labels,
    value: (phase: ExporterPhase) => number,
    present: (phase: ExporterPhase) => boolean = answers,
  ) => line(name, labels, phases, present, (t, p) => t.hold(p.minutes, value(p)));
  return [
    gauge('up', at, (p) => (answers(p) ? 1 : 0), always),
    gauge(runtimeMetrics.buildInfo.name, { ...at, exporter: 'workflow-sla', version: '0.1.0' }, () => 1),
    gauge(runtimeMetrics.collectorSuccess.name, { ...at, collector: 'workflow' }, (p) =>
      p.collectorOk === false ? 0 : 1,
    ),
    line(runtimeMetrics.threadRestarts.name, { ...at, thread: 'workflow-sla' }, phases, answers, (t, p) =>
      t.grow(p.minutes, p.threadRestartsPerMinute ?? 0),
    ),
    ...shardSeries(at, phases, answers),
    gauge(runtimeMetrics.stateWritable.name, { ...at, exporter: 'audit-trail' }, (p) => (p.stateOk === false ? 0 : 1)),
    gauge(runtimeMetrics.metricOverflows.name, { ...at, exporter: 'workflow-sla' }, (p) => p.overflows ?? 0),
    gauge(runtimeMetrics.configReloadSuccessful.name, at, (p) => (p.reloadOk === false ? 0 : 1)),
    gauge(runtimeMetrics.configReloadSuccess.name, at, () => 0),
  ].filter(isSeen);
}

type Labels = Readonly<Record<string, string>>;

/** One series over all phases. */
export function line<P extends ExporterPhase>(
  name: string,
  labels: Labels,
  phases: readonly P[],
  present: (phase: P) => boolean,
  add: (timeline: Timeline, phase: P) => void,
): InputSeries {
  const timeline = new Timeline();
  for (const phase of phases) {
    if (present(phase)) add(timeline, phase);
    else timeline.gap(phase.minutes);
  }
  const inner = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return { series: `${name}{${inner.join(', ')}}`, values: String(timeline) };
}

/** A series without a value would make no sense to promtool. */
export function isSeen({ values }: InputSeries): boolean {
  return /\d/.test(values.replaceAll(/_x\d+/g, ''));
}

/** The number of a share is a label, so that another one is another series. */
function shardSeries(
  at: Labels,
  phases: readonly ExporterPhase[],
  answering: (phase: ExporterPhase) => boolean,
): readonly InputSeries[] {
  const shardOf = (phase: ExporterPhase) => phase.shard ?? '1/1';
  const digestOf = (phase: ExporterPhase) => phase.sha256 ?? 'a';
  const indexOf = (phase: ExporterPhase) => shardOf(phase).split('/')[0] ?? '';
  const countOf = (phase: ExporterPhase) => Number(shardOf(phase).split('/')[1]);
  const shards = [...new Set(phases.map(indexOf))].map((index) => {
    const isIt = (phase: ExporterPhase) => answering(phase) && indexOf(phase) === index;
    return line(runtimeMetrics.shardCount.name, { ...at, exporter: 'workflow-sla', index }, phases, isIt, (t, p) =>
      t.hold(p.minutes, countOf(p)),
    );
  });
  const digests = [...new Set(phases.map(digestOf))].map((sha256) => {
    const isIt = (phase: ExporterPhase) => answering(phase) && digestOf(phase) === sha256;
    return line(runtimeMetrics.configInfo.name, { ...at, sha256 }, phases, isIt, (t, p) => t.hold(p.minutes, 1));
  });
  return [...shards, ...digests];
}

import { type Metric, runtimeMetrics } from '../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import type { InputSeries } from './scenario.js';
import { Timeline } from './timeline.js';

/** What the world is like for some minutes; whatever is not said is as it should be. */
export interface Phase {
  readonly minutes: number;
  /** `gone`: not even configured in Prometheus any more. */
  readonly target?: 'up' | 'down' | 'gone';
  /** The workflow is described in the exporter's configuration. */
  readonly described?: boolean;
  readonly collectorOk?: boolean;
  /** `index/count`. */
  readonly shard?: string;
  /** Of the description. */
  readonly sha256?: string;
  /** Whether the audit-trail exporter can keep its state. */
  readonly stateOk?: boolean;
  readonly threadRestartsPerMinute?: number;
  readonly overflows?: number;
  readonly reloadOk?: boolean;
  readonly runsPerMinute?: number;
  /** Share of runs that miss, 0..1. */
  readonly missRatio?: number;
  readonly objective?: number;
  readonly taintedPerMinute?: number;
  /** Runs that a fault of ours made uncertain. */
  readonly ownFaultsPerMinute?: number;
  readonly tlsFilesStale?: boolean;
  readonly droppedPerMinute?: Readonly<Partial<Record<'overlap' | 'shutdown', number>>>;
  readonly openRequests?: number;
  /** How the last login ended, if not well. */
  readonly login?: LoginFailure;
  /** The same of a second user of the portal. */
  readonly managerLogin?: LoginFailure;
  /** Days until the certificate expires, counted from the first minute of the test. */
  readonly certificateDays?: number;
}

const loginFailures = ['refused', 'failed'] as const;
type LoginFailure = (typeof loginFailures)[number];

export interface World {
  readonly phases: readonly Phase[];
  readonly instance?: string;
  readonly intervalSeconds?: number;
  /** Whether the exporter makes the `missed` series before the first miss, as it should. */
  readonly missedFromStart?: boolean;
  /** Whether the workflow has run before the test begins. */
  readonly hasRun?: boolean;
}

export const names = { portal: 'kingston', workflow: 'client-list', team: 'performance', tier: 'core' } as const;
export const target = { job: 'kop', instance: 'probe-1:9464' } as const;

/** The series that a Prometheus would scrape of an exporter with one workflow, one sample a minute. */
export function worldSeries(world: World): readonly InputSeries[] {
  const at = { ...target, ...(world.instance === undefined ? {} : { instance: world.instance }) };
  const own = { ...at, portal: names.portal, workflow: names.workflow };
  const { phases } = world;

  const always = (phase: Phase) => phase.target !== 'gone';
  const answering = (phase: Phase) => (phase.target ?? 'up') === 'up';
  const measured = (phase: Phase) => answering(phase) && phase.described !== false && phase.collectorOk !== false;

  const gauge = (name: string, labels: Labels, present: (p: Phase) => boolean, value: (p: Phase) => number) =>
    line(name, labels, phases, present, (t, p) => t.hold(p.minutes, value(p)));
  const counter = (metric: Metric, labels: Labels, perMinute: (p: Phase) => number) =>
    line(metric.name, labels, phases, measured, (t, p) => t.grow(p.minutes, perMinute(p)));

  const runs = (phase: Phase) => phase.runsPerMinute ?? 1;
  const missed = (phase: Phase) => phase.missRatio ?? 0;

  return [
    gauge('up', at, always, (p) => (answering(p) ? 1 : 0)),
    gauge(runtimeMetrics.buildInfo.name, { ...at, exporter: 'workflow-sla', version: '0.1.0' }, answering, () => 1),
    gauge(runtimeMetrics.collectorSuccess.name, { ...at, collector: 'workflow' }, answering, (p) =>
      p.collectorOk === false ? 0 : 1,
    ),
    line(runtimeMetrics.threadRestarts.name, { ...at, thread: 'workflow-sla' }, phases, answering, (t, p) =>
      t.grow(p.minutes, p.threadRestartsPerMinute ?? 0),
    ),
    ...shardSeries(at, phases, answering),
    gauge(runtimeMetrics.stateWritable.name, { ...at, exporter: 'audit-trail' }, answering, (p) =>
      p.stateOk === false ? 0 : 1,
    ),
    gauge(runtimeMetrics.metricOverflows.name, { ...at, exporter: 'workflow-sla' }, answering, (p) => p.overflows ?? 0),
    gauge(runtimeMetrics.configReloadSuccessful.name, at, answering, (p) => (p.reloadOk === false ? 0 : 1)),
    gauge(runtimeMetrics.configReloadSuccess.name, at, answering, () => 0),
    gauge(
      m.info.name,
      { ...own, title: 'Client list', team: names.team, tier: names.tier, connection: 'fresh' },
      measured,
      () => 1,
    ),
    gauge(m.slaTarget.name, own, measured, () => 1.5),
    gauge(m.slaObjective.name, own, measured, (p) => p.objective ?? 0.99),
    gauge(m.scheduleInterval.name, own, measured, () => world.intervalSeconds ?? 60),
    counter(m.runs, { ...own, sla: 'met' }, (p) => runs(p) * (1 - missed(p))),
    ...(world.missedFromStart === false
      ? []
      : [counter(m.runs, { ...own, sla: 'missed' }, (p) => runs(p) * missed(p))]),
    lastRun(own, world, measured),
    counter(m.runsTainted, own, (p) => p.taintedPerMinute ?? 0),
    // The worst case: none of them can be judged.
    counter(m.runsUncertain, { ...own, reason: 'event-loop' }, (p) => p.taintedPerMinute ?? 0),
    counter(m.runsUncertain, { ...own, reason: 'proxy' }, (p) => p.ownFaultsPerMinute ?? 0),
    gauge(m.tlsFilesStale.name, { ...at, portal: names.portal }, measured, (p) => (p.tlsFilesStale === true ? 1 : 0)),
    counter(m.runsDropped, { ...own, reason: 'overlap' }, (p) => p.droppedPerMinute?.overlap ?? 0),
    counter(m.runsDropped, { ...own, reason: 'shutdown' }, (p) => p.droppedPerMinute?.shutdown ?? 0),
    ...(['login', 'managerLogin'] as const).flatMap((user) =>
      (phases.some((phase) => phase[user] !== undefined) ? loginFailures : []).map((outcome) =>
        gauge(
          m.loginFailing.name,
          { ...at, portal: names.portal, identity: user === 'login' ? 'default' : 'manager', outcome },
          measured,
          (p) => (p[user] === outcome ? 1 : 0),
        ),
      ),
    ),
    gauge(m.requestsOpen.name, { ...at, portal: names.portal }, answering, (p) => p.openRequests ?? 0),
    gauge(m.requestsOpenLimit.name, { ...at, portal: names.portal }, answering, () => 3),
    gauge(
      m.certificateExpiry.name,
      { ...own, step: 'list' },
      (p) => measured(p) && p.certificateDays !== undefined,
      (p) => (p.certificateDays ?? 0) * 86_400,
    ),
  ].filter((series) => /\d/.test(series.values.replaceAll(/_x\d+/g, '')));
}

type Labels = Readonly<Record<string, string>>;

function line(
  name: string,
  labels: Labels,
  phases: readonly Phase[],
  present: (phase: Phase) => boolean,
  add: (timeline: Timeline, phase: Phase) => void,
): InputSeries {
  const timeline = new Timeline();
  for (const phase of phases) {
    if (present(phase)) add(timeline, phase);
    else timeline.gap(phase.minutes);
  }
  const inner = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return { series: `${name}{${inner.join(', ')}}`, values: String(timeline) };
}

/** Follows the clock while runs go on, and stands still while they do not. */
function lastRun(labels: Labels, world: World, measured: (phase: Phase) => boolean): InputSeries {
  let minute = 0;
  let hasRun = world.hasRun ?? true;
  return line(
    m.lastRun.name,
    labels,
    world.phases,
    () => true,
    (timeline, phase) => {
      const runs = (phase.runsPerMinute ?? 1) > 0;
      hasRun ||= runs;
      if (!measured(phase)) timeline.gap(phase.minutes);
      else if (runs) timeline.clock(phase.minutes, minute);
      else timeline.hold(phase.minutes, hasRun ? Math.max(timeline.last, 1) : 0);
      minute += phase.minutes;
    },
  );
}

/** The number of a share is a label, so that another one is another series. */
function shardSeries(
  at: Labels,
  phases: readonly Phase[],
  answering: (phase: Phase) => boolean,
): readonly InputSeries[] {
  const shardOf = (phase: Phase) => phase.shard ?? '1/1';
  const digestOf = (phase: Phase) => phase.sha256 ?? 'a';
  const indexOf = (phase: Phase) => shardOf(phase).split('/')[0] ?? '';
  const countOf = (phase: Phase) => Number(shardOf(phase).split('/')[1]);
  const shards = [...new Set(phases.map(indexOf))].map((index) => {
    const isIt = (phase: Phase) => answering(phase) && indexOf(phase) === index;
    return line(runtimeMetrics.shardCount.name, { ...at, exporter: 'workflow-sla', index }, phases, isIt, (t, p) =>
      t.hold(p.minutes, countOf(p)),
    );
  });
  const digests = [...new Set(phases.map(digestOf))].map((sha256) => {
    const isIt = (phase: Phase) => answering(phase) && digestOf(phase) === sha256;
    return line(runtimeMetrics.configInfo.name, { ...at, sha256 }, phases, isIt, (t, p) => t.hold(p.minutes, 1));
  });
  return [...shards, ...digests];
}

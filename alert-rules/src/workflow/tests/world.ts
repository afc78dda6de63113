import type { Metric } from '../../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../../pack/workflow/metrics.js';
import {
  answers,
  type ExporterPhase,
  type ExporterWorld,
  exporterSeries,
  isSeen,
  line,
} from '../../tests/exporter-world.js';
import type { InputSeries } from '../../tests/scenario.js';
import { target } from '../../tests/target.js';

/** What the world is like for some minutes; whatever is not said is as it should be. */
export interface WorkflowPhase extends ExporterPhase {
  /** The workflow is described in the exporter's configuration. */
  readonly described?: boolean;
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

export interface WorkflowWorld extends ExporterWorld {
  readonly phases: readonly WorkflowPhase[];
  readonly intervalSeconds?: number;
  /** Whether the exporter makes the `missed` series before the first miss, as it should. */
  readonly missedFromStart?: boolean;
  /** Whether the workflow has run before the test begins. */
  readonly hasRun?: boolean;
}

/** What the rules of workflows are tested with. */
export const workflowRuleFiles = ['kop-workflow-sla'];

export const names = { portal: 'kingston', workflow: 'client-list', team: 'performance', tier: 'core' } as const;

/** The series that a Prometheus would scrape of an exporter with one workflow, one sample a minute. */
export function worldSeries(world: WorkflowWorld): readonly InputSeries[] {
  const at = { ...target, ...(world.instance === undefined ? {} : { instance: world.instance }) };
  const own = { ...at, portal: names.portal, workflow: names.workflow };
  const { phases } = world;

  const measured = (phase: WorkflowPhase) => answers(phase) && phase.described !== false && phase.collectorOk !== false;

  const gauge = (
    name: string,
    labels: Labels,
    present: (p: WorkflowPhase) => boolean,
    value: (p: WorkflowPhase) => number,
  ) => line(name, labels, phases, present, (t, p) => t.hold(p.minutes, value(p)));
  const counter = (metric: Metric, labels: Labels, perMinute: (p: WorkflowPhase) => number) =>
    line(metric.name, labels, phases, measured, (t, p) => t.grow(p.minutes, perMinute(p)));

  const runs = (phase: WorkflowPhase) => phase.runsPerMinute ?? 1;
  const missed = (phase: WorkflowPhase) => phase.missRatio ?? 0;

  return [
    ...exporterSeries(world),
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
    gauge(m.requestsOpen.name, { ...at, portal: names.portal }, answers, (p) => p.openRequests ?? 0),
    gauge(m.requestsOpenLimit.name, { ...at, portal: names.portal }, answers, () => 3),
    gauge(
      m.certificateExpiry.name,
      { ...own, step: 'list' },
      (p) => measured(p) && p.certificateDays !== undefined,
      (p) => (p.certificateDays ?? 0) * 86_400,
    ),
  ].filter(isSeen);
}

type Labels = Readonly<Record<string, string>>;

/** Follows the clock while runs go on, and stands still while they do not. */
function lastRun(labels: Labels, world: WorkflowWorld, measured: (phase: WorkflowPhase) => boolean): InputSeries {
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

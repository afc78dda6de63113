import type { Router } from 'express';
import type { Pack } from '../../pack/index.js';
import { runtimeMetrics } from '../../pack/metrics/index.js';
import { type Collector, noData } from '../runtime/collector.js';
import type { Exporter, ExporterDeps, ExporterFactory } from '../runtime/exporter.js';
import { type DueTurn, DueTurns } from './due-turns.js';
import { History } from './history.js';
import { MeasuringThread, type MeasuringThreadOptions, type News, whyLeftOut } from './measuring-thread.js';
import { WorkflowMetrics } from './metrics.js';
import { type Job, workflowJobName, workflowJobsOf } from './plan.js';
import type { PortalLoad } from './protocol.js';
import { mountRoutes } from './routes.js';
import { workflowSections } from './sections.js';
import { unmadeRun } from './unsent.js';

/** How long runs in progress may take to end when the process stops. */
const STOP_GRACE_MS = 5000;
/** Warm-up must not keep a process unready when a portal hangs. */
const WARM_UP_AT_MOST_MS = 30_000;

/** Measures workflows against their SLAs. Wiring only: a separate thread measures. */
export const createWorkflowSlaExporter: ExporterFactory = (deps) => wireWorkflow(deps, {});

/** @param threadOptions which program the thread runs, and when it counts as silent: for tests. */
export function wireWorkflow(
  { log, shard, store, state }: Pick<ExporterDeps, 'log' | 'shard' | 'store'> & Partial<Pick<ExporterDeps, 'state'>>,
  threadOptions: Pick<MeasuringThreadOptions, 'url' | 'silenceMs' | 'isolationMs'>,
): Exporter {
  const metrics = new WorkflowMetrics(store.apart());
  const history = new History();
  let jobs: readonly Job[] = [];
  let portals: readonly PortalLoad[] = [];
  let warmingUp = Number.POSITIVE_INFINITY;
  let startedAt = 0;

  const due = new DueTurns();
  let lastDeath = '';
  const isolated = (name: string) => thread.isolated(name);
  /** Turns that no thread could report: a fault of the exporter, so neither met nor missed. */
  const bookLost = ({ job, count }: DueTurn) => {
    const out = isolated(workflowJobName(job.workflow.name, job.portal.name));
    const result = unmadeRun(job, 'schedule', out === undefined ? lastDeath : whyLeftOut(out));
    for (let turn = 0; turn < count; turn += 1) metrics.record(result);
    history.add(result);
  };
  const bookLostBefore = (workflow: string, portal: string, turns: number) => {
    const lost = due.booked(workflowJobName(workflow, portal), turns);
    if (lost !== undefined) bookLost(lost);
  };

  const onReport = (report: News) => {
    switch (report.type) {
      case 'run':
        if (report.result.trigger === 'schedule') bookLostBefore(report.result.workflow, report.result.portal, 1);
        metrics.record(report.result);
        history.add(report.result);
        return;
      case 'dropped':
        bookLostBefore(report.workflow, report.portal, report.count);
        metrics.recordDrop(report);
        return;
      case 'state':
        ({ warmingUp, portals } = report);
        metrics.recordState(portals);
        for (const lost of due.lost((name) => isolated(name) !== undefined)) bookLost(lost);
        return;
    }
  };
  const restarts = store.counter(runtimeMetrics.threadRestarts);
  const onDeath = () => {
    due.interrupt();
    lastDeath = thread.problem ?? '';
  };
  const thread = new MeasuringThread({ ...threadOptions, log, onReport, onDeath, restarts });

  const leftOut = () =>
    jobs.flatMap(({ workflow, portal }) => {
      const out = isolated(workflowJobName(workflow.name, portal.name));
      return out === undefined ? [] : [`${workflow.name} on ${portal.name} is ${whyLeftOut(out)}.`];
    });

  const collector: Collector = {
    name: 'workflow-sla',
    collect() {
      if (thread.problem !== undefined) throw new Error(thread.problem);
      if (jobs.length === 0) return noData('no workflow belongs to this process');
      return metrics.families();
    },
  };

  const exporter: Exporter = {
    name: 'workflow-sla',
    domain: 'Workflows',
    collectors: [collector],
    async configure(pack: Pack) {
      const next = workflowJobsOf(pack).filter(({ workflow, portal }) =>
        shard.owns(workflowJobName(workflow.name, portal.name)),
      );
      await thread.configure(next);
      metrics.configure(next);
      due.configure(next);
      const objectives = new Map(pack.objectives.map((objective) => [objective.name, objective.targetRatio]));
      for (const job of next) {
        const target = objectives.get(job.workflow.objective);
        if (target !== undefined) metrics.setObjective(job, target);
      }
      jobs = next;
    },
    async start() {
      await state?.claim('workflow-sla', shard);
      startedAt = performance.now();
      due.begin();
      thread.start();
    },
    ready() {
      if (thread.problem !== undefined) return { ready: false, reason: thread.problem };
      if (warmingUp === 0 || performance.now() - startedAt > WARM_UP_AT_MOST_MS) return { ready: true };
      return {
        ready: false,
        reason: `${Math.min(warmingUp, jobs.length)} of ${jobs.length} workflows have not had their warm-up run`,
      };
    },
    broken: () => thread.broken,
    mount(router: Router) {
      mountRoutes(router, { thread, history, metrics, jobs: () => jobs });
    },
    sections: () =>
      workflowSections({ jobs, history, portals, problem: thread.problem, leftOut: leftOut(), nowMs: Date.now() }),
    stop: () => thread.stop(STOP_GRACE_MS),
  };
  return exporter;
}

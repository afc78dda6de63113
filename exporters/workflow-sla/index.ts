import type { Router } from 'express';
import type { Pack } from '../../pack/index.js';
import { runtimeMetrics } from '../../pack/metrics/index.js';
import { type Collector, noData } from '../runtime/collector.js';
import type { Exporter, ExporterDeps, ExporterFactory } from '../runtime/exporter.js';
import { History } from './history.js';
import { MeasuringThread, type MeasuringThreadOptions, type News } from './measuring-thread.js';
import { WorkflowMetrics } from './metrics.js';
import { type Job, jobName, jobsOf } from './plan.js';
import type { PortalState } from './protocol.js';
import { mountRoutes } from './routes.js';
import { sections } from './sections.js';

/** How long runs in progress may take to end when the process stops. */
const STOP_GRACE_MS = 5000;
/** Warm-up must not keep a process unready when a portal hangs. */
const WARM_UP_AT_MOST_MS = 30_000;

/** Measures workflows against their SLAs. Wiring only: the measuring happens in a thread of its own. */
export const createWorkflowSlaExporter: ExporterFactory = (deps) => wire(deps, {});

/** @param threadOptions which program the thread runs, and when it counts as silent: for tests. */
export function wire(
  { log, shard, store }: Pick<ExporterDeps, 'log' | 'shard' | 'store'>,
  threadOptions: Pick<MeasuringThreadOptions, 'url' | 'silenceMs'>,
): Exporter {
  const metrics = new WorkflowMetrics(store.apart());
  const history = new History();
  let jobs: readonly Job[] = [];
  let portals: readonly PortalState[] = [];
  let warmingUp = Number.POSITIVE_INFINITY;
  let startedAt = 0;

  const onReport = (report: News) => {
    switch (report.type) {
      case 'run':
        metrics.record(report.result);
        history.add(report.result);
        return;
      case 'dropped':
        metrics.recordDrop(report);
        return;
      case 'state':
        ({ warmingUp, portals } = report);
        metrics.recordState(portals);
        return;
    }
  };
  const restarts = store.counter(runtimeMetrics.threadRestarts);
  const thread = new MeasuringThread({ ...threadOptions, log, onReport, restarts });

  const collector: Collector = {
    name: 'workflow-sla',
    collect() {
      if (thread.trouble !== undefined) throw new Error(thread.trouble);
      if (jobs.length === 0) return noData('no workflow belongs to this process');
      return metrics.families();
    },
  };

  const exporter: Exporter = {
    name: 'workflow-sla',
    domain: 'Workflows',
    collectors: [collector],
    async configure(pack: Pack) {
      const next = jobsOf(pack).filter(({ workflow, portal }) => shard.owns(jobName(workflow.name, portal.name)));
      await thread.configure(next);
      metrics.configure(next);
      const objectives = new Map(pack.objectives.map((objective) => [objective.name, objective.targetRatio]));
      for (const job of next) {
        const target = objectives.get(job.workflow.objective);
        if (target !== undefined) metrics.setObjective(job, target);
      }
      jobs = next;
    },
    start() {
      startedAt = performance.now();
      thread.start();
      return Promise.resolve();
    },
    ready() {
      if (thread.trouble !== undefined) return { ready: false, reason: thread.trouble };
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
    sections: () => sections({ jobs, history, portals, trouble: thread.trouble, nowMs: Date.now() }),
    stop: () => thread.stop(STOP_GRACE_MS),
  };
  return exporter;
}

import { performance } from 'node:perf_hooks';
import { formatMs } from '../runtime/format.js';
import type { Logger } from '../runtime/log.js';
import { AtWork, markOf } from '../runtime/measuring/at-work.js';
import { WatchedThread } from '../runtime/measuring/thread.js';
import type { Counter } from '../runtime/metrics/index.js';
import { type Isolated, Isolation } from './isolation.js';
import { encodeJobs, type Job, workflowJobName } from './plan.js';
import type { EngineCommand, EngineReport, ProbeAnswer } from './protocol.js';
import { unmadeRun } from './unsent.js';

/** Added to the time that a probe may take, for its answer to arrive from the thread. */
const ANSWER_GRACE_MS = 1000;
/** Every run creates garbage; few collections disturb a measurement. */
const YOUNG_GENERATION_MB = 24;

/** What the thread reports by itself. */
export type News = Exclude<EngineReport, { type: 'probed' }>;

export interface MeasuringThreadOptions {
  readonly log: Logger;
  readonly onReport: (report: News) => void;
  /** Nothing is measured until the thread is restarted. */
  readonly onDeath?: () => void;
  readonly restarts?: Counter<'thread'>;
  /** The compiled worker; tests that run from source set it. */
  readonly url?: URL;
  /** After this long without a message, the thread counts as hung. */
  readonly silenceMs?: number;
  /** First time for which a workflow that ends the thread repeatedly is left out. */
  readonly isolationMs?: number;
}

/**
 * The thread in which all journeys of this process run, and the probes that wait for an answer from it. A workflow
 * whose answers repeatedly end the thread is left out for some time, so that the others are measured.
 */
export class MeasuringThread {
  readonly #thread: WatchedThread<EngineCommand, EngineReport>;
  readonly #probes = new Map<number, (answer: ProbeAnswer | undefined) => void>();
  readonly #atWork = new AtWork();
  readonly #isolation: Isolation;
  readonly #log: Logger;
  #jobs: readonly Job[] = [];
  #nextProbe = 1;
  #release: NodeJS.Timeout | undefined;

  constructor({ log, onReport, onDeath, url, silenceMs, isolationMs, restarts }: MeasuringThreadOptions) {
    this.#log = log;
    this.#isolation = new Isolation(isolationMs);
    this.#thread = new WatchedThread<EngineCommand, EngineReport>({
      name: 'workflow-sla',
      url: url ?? new URL('./worker.js', import.meta.url),
      log,
      configuration: () => this.#configuration(),
      begin: { type: 'start' },
      end: (graceMs) => ({ type: 'stop', graceMs }),
      onReport: (report) => {
        if (report.type === 'probed') this.#answer(report.id, report.answer);
        else onReport(report);
      },
      atWork: {
        memory: this.#atWork.memory,
        clear: () => this.#atWork.clear(),
        who: () => {
          const job = this.#judged();
          return job === undefined ? undefined : shownName(job);
        },
      },
      onDeath: (why) => {
        if (why !== undefined) {
          this.#blame(why);
          onDeath?.();
        }
        for (const id of this.#probes.keys()) this.#answer(id, undefined);
      },
      youngGenerationMb: YOUNG_GENERATION_MB,
      ...(silenceMs === undefined ? {} : { silenceMs }),
      ...(restarts === undefined ? {} : { restarts }),
    });
  }

  /** Why the measurements may not be current; undefined when they are. */
  get problem(): string | undefined {
    return this.#thread.problem;
  }

  /** Why it cannot measure again until this process is restarted. */
  get broken(): string | undefined {
    return this.#thread.broken;
  }

  /** Rejects when the thread dies because of the new plan; it is then restarted with the old one. */
  async configure(jobs: readonly Job[]): Promise<void> {
    const before = this.#jobs;
    this.#jobs = jobs;
    this.#isolation.clear();
    clearTimeout(this.#release);
    try {
      await this.#thread.configure();
    } catch (error) {
      this.#jobs = before;
      throw error;
    }
  }

  start(): void {
    this.#thread.start();
  }

  /** @returns undefined when the thread died, or did not answer in time. */
  probe(workflow: string, portal: string, timeoutMs: number): Promise<ProbeAnswer | undefined> {
    const job = this.#jobs.find((one) => one.workflow.name === workflow && one.portal.name === portal);
    const isolated = job === undefined ? undefined : this.isolated(workflowJobName(workflow, portal));
    if (job !== undefined && isolated !== undefined)
      return Promise.resolve({ kind: 'ran', result: unmadeRun(job, 'probe', whyLeftOut(isolated)) });
    if (!this.#thread.isRunning) return Promise.resolve(undefined);
    const id = this.#nextProbe++;
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.#answer(id, undefined), timeoutMs + ANSWER_GRACE_MS);
      this.#probes.set(id, (answer) => {
        clearTimeout(patience);
        resolve(answer);
      });
      this.#thread.post({ type: 'probe', id, workflow, portal, timeoutMs });
    });
  }

  /** A workflow on a portal that is currently left out, by its job's name. */
  isolated(name: string): Isolated | undefined {
    return this.#isolation.of(name);
  }

  stop(graceMs: number): Promise<void> {
    clearTimeout(this.#release);
    return this.#thread.stop(graceMs);
  }

  #configuration(): EngineCommand {
    return {
      type: 'configure',
      jobs: encodeJobs(this.#jobs.filter((job) => this.isolated(nameOf(job)) === undefined)),
    };
  }

  /** The job whose answer the thread processes, or processed when it died. */
  #judged(): Job | undefined {
    const { mark } = this.#atWork;
    return mark === 0 ? undefined : this.#jobs.find((job) => markOf(nameOf(job)) === mark);
  }

  #blame(why: string): void {
    const job = this.#judged();
    if (job === undefined) return;
    const isolated = this.#isolation.died(nameOf(job), job.workflow.schedule.intervalMs, why);
    if (isolated === undefined) return;
    const pauseMs = isolated.untilMs - performance.now();
    this.#log.error('a workflow is left out for a while: judging its answers ends the measuring thread', {
      workflow: job.workflow.name,
      portal: job.portal.name,
      deaths: isolated.deaths,
      error: why,
      for_ms: Math.round(pauseMs),
    });
    this.#releaseAfter(pauseMs);
  }

  /** A new thread is started without the jobs that are left out; a running thread is informed. */
  #releaseAfter(ms: number): void {
    clearTimeout(this.#release);
    this.#release = setTimeout(() => {
      if (this.#thread.isRunning) this.#thread.post(this.#configuration());
      const rests = this.#jobs.flatMap((job) => {
        const isolated = this.isolated(nameOf(job));
        return isolated === undefined ? [] : [isolated.untilMs - performance.now()];
      });
      if (rests.length > 0) this.#releaseAfter(Math.min(...rests));
    }, ms + 1);
    this.#release.unref();
  }

  #answer(id: number, answer: ProbeAnswer | undefined): void {
    this.#probes.get(id)?.(answer);
    this.#probes.delete(id);
  }
}

/** For a person. */
export function whyLeftOut({ deaths, why, untilMs }: Isolated): string {
  const rest = formatMs(Math.max(1, Math.ceil((untilMs - performance.now()) / 1000)) * 1000);
  return `left out for another ${rest} or until a reload, because judging its answers ended the measuring thread ${deaths} times: ${why}`;
}

function nameOf({ workflow, portal }: Job): string {
  return workflowJobName(workflow.name, portal.name);
}

function shownName({ workflow, portal }: Job): string {
  return `${workflow.name} on ${portal.name}`;
}

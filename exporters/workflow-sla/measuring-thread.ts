import type { Logger } from '../runtime/log.js';
import { WatchedThread } from '../runtime/measuring/thread.js';
import type { Counter } from '../runtime/metrics/index.js';
import { encodeJobs, type Job } from './plan.js';
import type { Command, ProbeAnswer, Report } from './protocol.js';

/** Beyond the time that a probe may take, for its answer to cross from the thread. */
const ANSWER_GRACE_MS = 1000;
/** Every run makes garbage of its own; few of them disturb a measurement. */
const YOUNG_GENERATION_MB = 24;

/** What the thread says unasked. */
export type News = Exclude<Report, { type: 'probed' }>;

export interface MeasuringThreadOptions {
  readonly log: Logger;
  readonly onReport: (report: News) => void;
  readonly restarts?: Counter<'thread'>;
  /** The compiled worker; tests that run from source name it. */
  readonly url?: URL;
  /** Without a sign of life for this long, nobody is measuring. */
  readonly silenceMs?: number;
}

/** The thread in which all journeys of this process run, and the probes that wait for an answer from it. */
export class MeasuringThread {
  readonly #thread: WatchedThread<Command, Report>;
  readonly #probes = new Map<number, (answer: ProbeAnswer | undefined) => void>();
  #jobs = encodeJobs([]);
  #nextProbe = 1;

  constructor({ log, onReport, url, silenceMs, restarts }: MeasuringThreadOptions) {
    this.#thread = new WatchedThread<Command, Report>({
      name: 'workflow-sla',
      url: url ?? new URL('./worker.js', import.meta.url),
      log,
      configuration: () => ({ type: 'configure', jobs: this.#jobs }),
      begin: { type: 'start' },
      end: (graceMs) => ({ type: 'stop', graceMs }),
      onReport: (report) => {
        if (report.type === 'probed') this.#answer(report.id, report.answer);
        else onReport(report);
      },
      onDeath: () => {
        for (const id of this.#probes.keys()) this.#answer(id, undefined);
      },
      youngGenerationMb: YOUNG_GENERATION_MB,
      ...(silenceMs === undefined ? {} : { silenceMs }),
      ...(restarts === undefined ? {} : { restarts }),
    });
  }

  /** Why no measurement can be trusted to be current, or undefined when all is well. */
  get trouble(): string | undefined {
    return this.#thread.trouble;
  }

  /** Why it will never measure again before this process is restarted. */
  get broken(): string | undefined {
    return this.#thread.broken;
  }

  /** Rejects when the thread dies of the new plan; it is then started again with the old one. */
  async configure(jobs: readonly Job[]): Promise<void> {
    const before = this.#jobs;
    this.#jobs = encodeJobs(jobs);
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

  stop(graceMs: number): Promise<void> {
    return this.#thread.stop(graceMs);
  }

  #answer(id: number, answer: ProbeAnswer | undefined): void {
    this.#probes.get(id)?.(answer);
    this.#probes.delete(id);
  }
}

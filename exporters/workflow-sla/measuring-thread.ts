import { performance } from 'node:perf_hooks';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { formatMs } from '../runtime/format.js';
import type { Logger } from '../runtime/log.js';
import { batched } from '../runtime/measuring/batch.js';
import { encodeJobs, type Job } from './plan.js';
import { type Command, type ProbeAnswer, PULSE_MS, type Report } from './protocol.js';

const SILENCE_MS = 10 * PULSE_MS;
/** Beyond the time that a probe may take, for its answer to cross from the thread. */
const ANSWER_GRACE_MS = 1000;
const RESTART_AFTER_MS = 1000;
const LONGEST_RESTART_MS = 60_000;

export interface MeasuringThreadOptions {
  readonly log: Logger;
  readonly onReport: (report: Report) => void;
  /** The compiled worker; tests that run from source name it. */
  readonly url?: URL;
  /** Without a pulse for this long, nobody is measuring. */
  readonly silenceMs?: number;
}

/**
 * The page's side of the measuring thread: starts it, talks to it, and starts it again when it dies or falls silent.
 * Whether it lives is said by {@link MeasuringThread.trouble}, because a blind observer must not look healthy.
 */
export class MeasuringThread {
  readonly #options: MeasuringThreadOptions;
  readonly #silenceMs: number;
  readonly #probes = new Map<number, (answer: ProbeAnswer | undefined) => void>();
  #worker: Worker | undefined;
  #jobs = encodeJobs([]);
  #isStarted = false;
  #isStopping = false;
  #nextProbe = 1;
  #lastSign = performance.now();
  #deaths = 0;
  #died: string | undefined;
  #restart: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #configuring: { readonly done: () => void; readonly fail: (error: Error) => void } | undefined;
  #onStopped = () => {};
  #post: (command: Command) => void = () => {};

  constructor(options: MeasuringThreadOptions) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
  }

  /** Why no measurement can be trusted to be current, or undefined when all is well. */
  get trouble(): string | undefined {
    if (this.#died !== undefined) return `the measuring thread died: ${this.#died}`;
    return this.#isSilent ? `the measuring thread has been silent for ${formatMs(this.#silentForMs)}` : undefined;
  }

  /** Rejects when the thread dies of the new plan; it is then started again with the old one. */
  async configure(jobs: readonly Job[]): Promise<void> {
    const before = this.#jobs;
    this.#jobs = encodeJobs(jobs);
    try {
      await new Promise<void>((done, fail) => {
        this.#configuring = { done, fail };
        if (this.#worker === undefined) this.#launch();
        else this.#post({ type: 'configure', jobs: this.#jobs });
      });
    } catch (error) {
      this.#jobs = before;
      throw error;
    } finally {
      this.#configuring = undefined;
    }
  }

  start(): void {
    this.#isStarted = true;
    this.#post({ type: 'start' });
  }

  /** @returns undefined when the thread died, or did not answer in time. */
  probe(workflow: string, portal: string, timeoutMs: number): Promise<ProbeAnswer | undefined> {
    if (this.#worker === undefined || this.#isStopping) return Promise.resolve(undefined);
    const id = this.#nextProbe++;
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.#answer(id, undefined), timeoutMs + ANSWER_GRACE_MS);
      this.#probes.set(id, (answer) => {
        clearTimeout(patience);
        resolve(answer);
      });
      this.#post({ type: 'probe', id, workflow, portal, timeoutMs });
    });
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    clearInterval(this.#watchdog);
    const worker = this.#worker;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      // A thread that cannot even answer is ended all the same.
      const patience = setTimeout(resolve, graceMs + ANSWER_GRACE_MS);
      this.#onStopped = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#post({ type: 'stop', graceMs });
    });
    await worker.terminate();
    this.#worker = undefined;
    this.#abandonProbes();
  }

  #launch(): void {
    clearTimeout(this.#restart);
    const url = this.#options.url ?? new URL('./worker.js', import.meta.url);
    // The environment is shared so that secrets by reference are read where they are used.
    const worker = new Worker(url, {
      env: SHARE_ENV,
      name: 'workflow-sla',
      resourceLimits: { maxYoungGenerationSizeMb: 48 },
    });
    worker.on('message', (text: string) => {
      const reports: Report[] = JSON.parse(text);
      for (const report of reports) this.#receive(report);
    });
    worker.on('error', (error) => {
      this.#died = error.message;
    });
    worker.on('exit', () => this.#mourn(worker));
    this.#worker = worker;
    this.#post = batched<Command>((text) => worker.postMessage(text));
    this.#lastSign = performance.now();
    this.#watch(worker);
    this.#post({ type: 'configure', jobs: this.#jobs });
    if (this.#isStarted) this.#post({ type: 'start' });
  }

  get #silentForMs(): number {
    return performance.now() - this.#lastSign;
  }

  get #isSilent(): boolean {
    return this.#silentForMs > this.#silenceMs;
  }

  /** A thread that hangs, say in a regular expression, never comes back by itself. */
  #watch(worker: Worker): void {
    clearInterval(this.#watchdog);
    let wasSilent = false;
    this.#watchdog = setInterval(() => {
      // Seen twice: when the whole process was stopped for a while, its pulses still lie in the queue.
      if (this.#isSilent && wasSilent) {
        this.#died = `it was silent for ${formatMs(this.#silentForMs)} and was ended`;
        clearInterval(this.#watchdog);
        void worker.terminate();
      }
      wasSilent = this.#isSilent;
    }, this.#silenceMs / 10);
    this.#watchdog.unref();
  }

  #receive(report: Report): void {
    this.#lastSign = performance.now();
    if (report.type === 'configured') {
      this.#died = undefined;
      this.#configuring?.done();
    } else if (report.type === 'stopped') {
      this.#onStopped();
    } else if (report.type === 'probed') {
      this.#answer(report.id, report.answer);
    } else {
      if (report.type === 'run') this.#deaths = 0;
      this.#options.onReport(report);
    }
  }

  #answer(id: number, answer: ProbeAnswer | undefined): void {
    this.#probes.get(id)?.(answer);
    this.#probes.delete(id);
  }

  #abandonProbes(): void {
    for (const id of this.#probes.keys()) this.#answer(id, undefined);
  }

  #mourn(worker: Worker): void {
    if (this.#worker !== worker || this.#isStopping) return;
    clearInterval(this.#watchdog);
    this.#worker = undefined;
    this.#died ??= 'it ended by itself';
    this.#abandonProbes();
    this.#configuring?.fail(new Error(`the measuring thread died of it: ${this.#died}`));
    const pauseMs = Math.min(LONGEST_RESTART_MS, RESTART_AFTER_MS * 2 ** this.#deaths);
    this.#deaths += 1;
    this.#options.log.error('the measuring thread died; starting it again', { error: this.#died, after_ms: pauseMs });
    this.#restart = setTimeout(() => this.#launch(), pauseMs);
    this.#restart.unref();
  }
}

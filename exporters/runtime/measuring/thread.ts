import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Logger } from '../log.js';
import type { Counter } from '../metrics/index.js';
import { batched } from './batch.js';

// What survives of a young generation as small as ours is soon copied: waking other threads to help costs a tenth of
// the CPU of a probe, and disturbs what runs beside it. Only for the whole process, and only before there are threads.
setFlagsFromString('--no-parallel-scavenge');

/** How often a measuring thread says that it lives. */
export const PULSE_MS = 1000;
const SILENCE_MS = 10 * PULSE_MS;
/** To load a program takes long on a busy machine; until then it cannot say anything. */
const LOADING_MS = 30_000;
const STOP_GRACE_MS = 1000;
const RESTART_AFTER_MS = 1000;
const LONGEST_RESTART_MS = 60_000;
const YOUNG_GENERATION_MB = 8;

/**
 * What every measuring thread says, beside what is its own. Anything it says counts as a sign of life; a pulse is for
 * one that has nothing else to say.
 */
export type ThreadReport = { readonly type: 'configured' } | { readonly type: 'pulse' } | { readonly type: 'stopped' };

/** What runs a measuring program: a thread, or a process of its own. */
export interface Measurer {
  onMessage(listener: (text: string) => void): void;
  onError(listener: (error: Error) => void): void;
  /** `why` where it is known. */
  onExit(listener: (why?: string) => void): void;
  postMessage(text: string): void;
  terminate(): Promise<unknown>;
}

export interface WatchedThreadOptions<Command, Report> {
  readonly name: string;
  /** The compiled worker. */
  readonly url: URL;
  readonly log: Logger;
  /** Tells the thread what to do, each time that it is started; it answers `configured`. */
  readonly configuration: () => Command;
  readonly begin: Command;
  readonly end: (graceMs: number) => Command;
  readonly onReport: (report: Report) => void;
  /** Whatever it was asked for will not be answered. It is started again, unless it was to end; then there is no `why`. */
  readonly onDeath?: (why?: string) => void;
  /** At whose work the thread is, for the message when it dies of it. */
  readonly atWork?: { clear(): void; readonly memory: SharedArrayBuffer; readonly who: () => string | undefined };
  /** Counts how often it had to be started again. */
  readonly restarts?: Counter<'thread'>;
  /** A small young generation keeps each collection of garbage short; a larger one makes fewer of them. */
  readonly youngGenerationMb?: number;
  /** Without a sign of life for this long, nobody is measuring. */
  readonly silenceMs?: number;
  /** Where it is no thread that runs the program. */
  readonly launch?: (url: URL, youngGenerationMb: number) => Measurer;
}

/**
 * The page's side of a measuring thread: starts it, talks to it, and starts it again when it dies or falls silent.
 * Whether it lives is said by {@link WatchedThread.problem}, because a blind observer must not look healthy.
 *
 * A thread that hangs in native code cannot be ended by anybody. It is then given up for good, which
 * {@link WatchedThread.broken} says: a new one beside it would hang in the same place.
 */
export class WatchedThread<Command, Report extends { readonly type: string }> {
  readonly #options: WatchedThreadOptions<Command, Report>;
  readonly #silenceMs: number;
  #worker: Measurer | undefined;
  #isStarted = false;
  #isStopping = false;
  #isBeingEnded = false;
  #endedAt = 0;
  #lastSign = performance.now();
  #hasSpoken = false;
  #launchedAt = 0;
  #deaths = 0;
  #died: string | undefined;
  #restart: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #configuring: { readonly done: () => void; readonly fail: (error: Error) => void } | undefined;
  #onStopped = () => {};
  #post: (command: Command) => void = () => {};

  constructor(options: WatchedThreadOptions<Command, Report>) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    options.restarts?.zero({ thread: options.name });
  }

  /** Why no measurement can be trusted to be current, or undefined when all is well. */
  get problem(): string | undefined {
    if (this.#died !== undefined) return `the measuring thread '${this.#options.name}' died: ${this.#died}`;
    return this.#isSilent ? `the measuring thread '${this.#options.name}' is silent for ${this.#silence}` : undefined;
  }

  /** Why it will never measure again: it was told to end, cannot, and no other may take its place. */
  get broken(): string | undefined {
    const isGivenUp = this.#isBeingEnded && !this.#isStopping && performance.now() - this.#endedAt > this.#silenceMs;
    return isGivenUp ? `${this.problem}, and cannot be ended; only a restart of the process helps` : undefined;
  }

  /** Sends the configuration as it is now. Rejects when the thread dies of it. */
  async configure(): Promise<void> {
    // It was told to end and is still there: it hangs where nothing reaches it.
    if (this.#isBeingEnded) throw new Error(this.problem);
    try {
      await new Promise<void>((done, fail) => {
        this.#configuring = { done, fail };
        if (this.#worker === undefined) this.#launch();
        else this.#post(this.#options.configuration());
      });
    } finally {
      this.#configuring = undefined;
    }
  }

  start(): void {
    this.#isStarted = true;
    this.#post(this.#options.begin);
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    clearInterval(this.#watchdog);
    const worker = this.#worker;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      // A thread that cannot even answer is ended all the same.
      const patience = setTimeout(resolve, graceMs + STOP_GRACE_MS);
      this.#onStopped = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#post(this.#options.end(graceMs));
    });
    const patience = new Promise<void>((resolve) => setTimeout(resolve, STOP_GRACE_MS).unref());
    await Promise.race([worker.terminate(), patience]);
    this.#worker = undefined;
    this.#options.onDeath?.();
  }

  /** Tells the thread something that is no configuration. It is lost when the thread is not running. */
  post(command: Command): void {
    this.#post(command);
  }

  get isRunning(): boolean {
    return this.#worker !== undefined && !this.#isStopping;
  }

  #launch(): void {
    clearTimeout(this.#restart);
    const { url, name, youngGenerationMb = YOUNG_GENERATION_MB, launch, atWork } = this.#options;
    atWork?.clear();
    const worker = launch?.(url, youngGenerationMb) ?? thread(url, name, youngGenerationMb, atWork?.memory);
    worker.onMessage((text) => {
      const reports: (Report | ThreadReport)[] = JSON.parse(text);
      for (const report of reports) this.#receive(report);
    });
    worker.onError((error) => {
      this.#died = error.message;
    });
    worker.onExit((why) => {
      this.#died ??= why;
      this.#mourn(worker);
    });
    this.#worker = worker;
    this.#post = batched<Command>((text) => worker.postMessage(text));
    this.#lastSign = performance.now();
    this.#hasSpoken = false;
    this.#launchedAt = this.#lastSign;
    this.#watch(worker);
    this.#post(this.#options.configuration());
    if (this.#isStarted) this.#post(this.#options.begin);
  }

  get #isSilent(): boolean {
    const allowedMs = this.#hasSpoken ? this.#silenceMs : Math.max(this.#silenceMs, LOADING_MS);
    return performance.now() - this.#lastSign > allowedMs;
  }

  get #silence(): string {
    return `${Math.round((performance.now() - this.#lastSign) / 1000)} s`;
  }

  /** A thread that hangs, say in a library, may never come back by itself. */
  #watch(worker: Measurer): void {
    clearInterval(this.#watchdog);
    let wasSilent = false;
    this.#watchdog = setInterval(() => {
      // Seen twice: when the whole process was stopped for a while, its pulses still lie in the queue.
      if (this.#isSilent && wasSilent) {
        this.#died = `it was silent for ${this.#silence} and was ended`;
        clearInterval(this.#watchdog);
        this.#configuring?.fail(new Error(this.#died));
        this.#isBeingEnded = true;
        this.#endedAt = performance.now();
        void worker.terminate();
      }
      wasSilent = this.#isSilent;
    }, this.#silenceMs / 10);
    this.#watchdog.unref();
  }

  #receive(report: Report | ThreadReport): void {
    this.#lastSign = performance.now();
    this.#hasSpoken = true;
    if (isOfThread(report)) {
      if (report.type === 'configured') {
        this.#died = undefined;
        this.#configuring?.done();
      } else if (report.type === 'stopped') {
        this.#onStopped();
      }
      return;
    }
    this.#options.onReport(report);
  }

  #mourn(worker: Measurer): void {
    if (this.#worker !== worker || this.#isStopping) return;
    clearInterval(this.#watchdog);
    this.#worker = undefined;
    this.#isBeingEnded = false;
    const who = this.#options.atWork?.who();
    this.#died = `${this.#died ?? 'it ended by itself'}${who === undefined ? '' : `, while it judged ${who}`}`;
    this.#options.onDeath?.(this.#died);
    this.#configuring?.fail(new Error(`the measuring thread '${this.#options.name}' died of it: ${this.#died}`));
    // Work done does not count: a thread that hangs in one of its jobs may do the others well until then.
    if (performance.now() - this.#launchedAt > LONGEST_RESTART_MS) this.#deaths = 0;
    const pauseMs = Math.min(LONGEST_RESTART_MS, RESTART_AFTER_MS * 2 ** this.#deaths);
    this.#deaths += 1;
    this.#options.log.error('a measuring thread died; starting it again', {
      thread: this.#options.name,
      error: this.#died,
      after_ms: pauseMs,
    });
    this.#options.restarts?.inc({ thread: this.#options.name });
    this.#restart = setTimeout(() => this.#launch(), pauseMs);
    this.#restart.unref();
  }
}

function thread(url: URL, name: string, youngGenerationMb: number, atWork: SharedArrayBuffer | undefined): Measurer {
  const worker = new Worker(url, {
    // Shared so that secrets by reference are read where they are used.
    env: SHARE_ENV,
    name,
    workerData: { name, atWork },
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });
  return {
    onMessage: (listener) => void worker.on('message', listener),
    onError: (listener) => void worker.on('error', listener),
    onExit: (listener) => void worker.on('exit', () => listener()),
    postMessage: (text) => worker.postMessage(text),
    terminate: () => worker.terminate(),
  };
}

function isOfThread(report: { readonly type: string }): report is ThreadReport {
  return report.type === 'configured' || report.type === 'pulse' || report.type === 'stopped';
}

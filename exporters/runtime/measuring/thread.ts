import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Logger } from '../log.js';
import type { Counter } from '../metrics/index.js';
import { batched } from './batch.js';

// With a small young generation, copying survivors is fast: waking other threads for it costs a tenth of the CPU of a
// probe, and disturbs other work. It can be set only for the whole process, and only before there are threads.
setFlagsFromString('--no-parallel-scavenge');

/** How often a measuring thread sends a sign of life. */
export const PULSE_MS = 1000;
const SILENCE_MS = 10 * PULSE_MS;
/** Loading a program takes long on a busy machine; until then it cannot send messages. */
const LOADING_MS = 30_000;
const STOP_GRACE_MS = 1000;
const RESTART_AFTER_MS = 1000;
const LONGEST_RESTART_MS = 60_000;
const YOUNG_GENERATION_MB = 8;

/**
 * Messages of every measuring thread, in addition to its own. Every message counts as a sign of life; a pulse is sent
 * if there is no other message.
 */
export type ThreadReport = { readonly type: 'configured' } | { readonly type: 'pulse' } | { readonly type: 'stopped' };

/** What runs a measuring program: a thread, or a separate process. */
export interface Measurer {
  onMessage(listener: (text: string) => void): void;
  onError(listener: (error: Error) => void): void;
  /** `why` if it is known. */
  onExit(listener: (why?: string) => void): void;
  postMessage(text: string): void;
  terminate(): Promise<unknown>;
}

export interface WatchedThreadOptions<Command, Report> {
  readonly name: string;
  /** The compiled worker. */
  readonly url: URL;
  readonly log: Logger;
  /** Sends the configuration to the thread each time it is started; the thread answers `configured`. */
  readonly configuration: () => Command;
  readonly begin: Command;
  readonly end: (graceMs: number) => Command;
  readonly onReport: (report: Report) => void;
  /** Pending requests will not be answered. The thread is restarted, unless it was stopped; then there is no `why`. */
  readonly onDeath?: (why?: string) => void;
  /** For which job the thread works, for the message when it dies during that work. */
  readonly atWork?: { clear(): void; readonly memory: SharedArrayBuffer; readonly who: () => string | undefined };
  /** Counts its restarts. */
  readonly restarts?: Counter<'thread'>;
  /** A small young generation makes each garbage collection short; a larger one makes them rarer. */
  readonly youngGenerationMb?: number;
  /** After this long without a sign of life, the thread counts as hung. */
  readonly silenceMs?: number;
  /** Given if the program does not run in a thread. */
  readonly launch?: (url: URL, youngGenerationMb: number) => Measurer;
}

/**
 * The main thread's side of a measuring thread: starts it, exchanges messages with it, and restarts it when it dies or
 * stops sending messages. {@link WatchedThread.problem} reports whether it works, because missing measurements must be
 * visible.
 *
 * A thread that hangs in native code cannot be ended. It is then given up permanently, which {@link
 * WatchedThread.broken} reports: a new thread would hang in the same place.
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

  /** Why the measurements may not be current; undefined when they are. */
  get problem(): string | undefined {
    if (this.#died !== undefined) return `the measuring thread '${this.#options.name}' died: ${this.#died}`;
    return this.#isSilent ? `the measuring thread '${this.#options.name}' is silent for ${this.#silence}` : undefined;
  }

  /** Why it cannot measure again: it was told to end but hangs, and cannot be replaced. */
  get broken(): string | undefined {
    const isGivenUp = this.#isBeingEnded && !this.#isStopping && performance.now() - this.#endedAt > this.#silenceMs;
    return isGivenUp ? `${this.problem}, and cannot be ended; only a restart of the process helps` : undefined;
  }

  /** Sends the current configuration. Rejects when the thread dies because of it. */
  async configure(): Promise<void> {
    // It was told to end but still runs: it hangs in native code.
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
      // A thread that does not answer is ended as well.
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

  /** Sends a message other than a configuration. It is lost when the thread is not running. */
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

  /** A thread that hangs, for example in a library, may never recover by itself. */
  #watch(worker: Measurer): void {
    clearInterval(this.#watchdog);
    let wasSilent = false;
    this.#watchdog = setInterval(() => {
      // Checked twice: after the whole process was stopped for some time, the thread's messages are still in the queue.
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
    // Completed work does not count: a thread that hangs in one of its jobs may complete the others before.
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
    // Shared, so that references to secrets are read where they are used.
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

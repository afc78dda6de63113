import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceFailed, type StackContext, StartAbandoned } from './service.js';

export interface Program {
  readonly title: string;
  /** Names the log file. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A channel for messages beside the log; Node programs only. */
  readonly ipc?: boolean;
  /** What the reader can do when it ends on its own. */
  readonly advice: string;
}

const STOP_PATIENCE_MS = 15_000;
const POLL_MS = 100;
const TAIL_BYTES = 8_192;
const TAIL_LINES = 8;

/** A program of the stack: its output goes to a file, its death is noticed, and it cannot outlive the launcher. */
export class Child {
  readonly process: ChildProcess;
  readonly logFile: string;
  readonly #program: Program;
  readonly #context: StackContext;
  readonly #ended: Promise<void>;
  #how: string | undefined;
  #isExpectedToEnd = false;
  #isReady = false;

  constructor(program: Program, context: StackContext) {
    this.#program = program;
    this.#context = context;
    const logs = join(context.folder, 'logs');
    mkdirSync(logs, { recursive: true });
    this.logFile = join(logs, `${program.name}.log`);
    this.process = this.#spawn();
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#how ??= how;
        resolve();
      };
      this.process.once('error', (error) => end(error.message));
      this.process.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    const { pid } = this.process;
    if (pid !== undefined) {
      context.guard.watch(pid);
      void this.#ended.then(() => context.guard.forget(pid));
    }
    void this.#ended.then(() => this.#reportDeath());
  }

  /** Resolves when the URL answers 200; rejects when the program ends first, or takes too long. */
  async ready(url: string, patienceMs: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    const { signal } = this.#context;
    while (!(await isOk(url, signal))) {
      if (this.#how !== undefined) {
        throw await this.#failure(`ended while starting (${this.#how})`);
      }
      if (signal.aborted) {
        await this.stop();
        throw new StartAbandoned();
      }
      if (Date.now() > deadline) {
        await this.stop();
        throw await this.#failure(`did not answer on ${url} within ${Math.round(patienceMs / 1_000)} s`);
      }
      await Promise.race([sleep(POLL_MS), this.#ended]);
    }
    this.#isReady = true;
  }

  /** A message that the program sends when it is ready, instead of a URL to ask. */
  async message(patienceMs: number): Promise<unknown> {
    const { signal } = this.#context;
    const timer = new AbortController();
    try {
      const received = await Promise.race([
        new Promise((resolve) => this.process.once('message', (value: unknown) => resolve({ value }))),
        this.#ended,
        sleep(patienceMs, undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(() => undefined),
      ]);
      if (typeof received === 'object' && received !== null && 'value' in received) {
        this.#isReady = true;
        return received.value;
      }
    } finally {
      timer.abort();
    }
    if (this.#how !== undefined) {
      throw await this.#failure(`ended while starting (${this.#how})`);
    }
    await this.stop();
    throw signal.aborted ? new StartAbandoned() : await this.#failure('took too long to start');
  }

  /** Asks it to end, and makes it end when it does not. */
  async stop(): Promise<void> {
    this.#isExpectedToEnd = true;
    if (this.#how !== undefined) {
      return;
    }
    this.process.kill('SIGTERM');
    const timer = new AbortController();
    const late = sleep(STOP_PATIENCE_MS, 'late', { signal: timer.signal }).catch(() => undefined);
    if ((await Promise.race([this.#ended, late])) === 'late') {
      this.#killGroup();
      await this.#ended;
    }
    timer.abort();
  }

  #spawn(): ChildProcess {
    const { file, args, env, ipc } = this.#program;
    const log = openSync(this.logFile, 'a', 0o600);
    try {
      return spawn(file, args, {
        cwd: this.#context.folder,
        env: { ...process.env, ...env },
        // Away from the terminal's process group: Ctrl-C must reach the launcher only, which stops them in order.
        detached: process.platform !== 'win32',
        windowsHide: true,
        stdio: ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
  }

  #killGroup(): void {
    const { pid } = this.process;
    try {
      if (pid === undefined || process.platform === 'win32') {
        this.process.kill('SIGKILL');
      } else {
        process.kill(-pid, 'SIGKILL');
      }
    } catch {
      // It ended a moment ago.
    }
  }

  async #reportDeath(): Promise<void> {
    if (!this.#isReady || this.#isExpectedToEnd || this.#context.signal.aborted) {
      return;
    }
    const { title, advice } = this.#program;
    const lastLines = await this.#lastLines();
    this.#context.died({ title, how: this.#how ?? 'ended', lastLines, logFile: this.logFile, advice });
  }

  async #failure(what: string): Promise<ServiceFailed> {
    return new ServiceFailed(`${this.#program.title} ${what}. ${this.#program.advice}`, await this.#lastLines());
  }

  async #lastLines(): Promise<readonly string[]> {
    const file = await open(this.logFile).catch(() => undefined);
    if (file === undefined) {
      return [];
    }
    try {
      const { size } = await file.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8').trim().split('\n').filter(Boolean).slice(-TAIL_LINES);
    } finally {
      await file.close();
    }
  }
}

async function isOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

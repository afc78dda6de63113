import { createHash } from 'node:crypto';

const JITTER_RATIO = 0.1;

/**
 * Repeats one task: never concurrently with itself, each time with a deadline, with jitter so that many observers do not
 * poll at once, and sooner when asked to.
 */
export class Repeating {
  readonly #name: string;
  readonly #intervalMs: number;
  readonly #deadlineMs: number;
  readonly #work: (signal: AbortSignal) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isHasty = false;
  #stopping = new AbortController();

  constructor(name: string, intervalMs: number, deadlineMs: number, work: (signal: AbortSignal) => Promise<void>) {
    this.#name = name;
    this.#intervalMs = intervalMs;
    this.#deadlineMs = deadlineMs;
    this.#work = work;
  }

  start(): void {
    this.#stopping = new AbortController();
    // Each name gets its own offset in the first second, so that trails of one server do not start at once.
    this.#wait(
      (createHash('sha256').update(this.#name).digest().readUInt16BE(0) / 2 ** 16) * Math.min(1000, this.#intervalMs),
    );
  }

  /** The next run comes now; or, when one is under way, right after it. */
  hasten(): void {
    if (this.#running !== undefined) this.#isHasty = true;
    else if (this.#timer !== undefined) this.#wait(0);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stopping.abort(new Error('the exporter stops'));
    await this.#running;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), ms);
  }

  #run(): void {
    const begunAt = performance.now();
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#deadlineMs)]);
    this.#running = this.#work(signal).finally(() => {
      this.#running = undefined;
      if (this.#stopping.signal.aborted) return;
      const jitter = Math.random() * JITTER_RATIO * this.#intervalMs;
      const pause = this.#isHasty ? 0 : Math.max(0, this.#intervalMs - (performance.now() - begunAt)) + jitter;
      this.#isHasty = false;
      this.#wait(pause);
    });
  }
}

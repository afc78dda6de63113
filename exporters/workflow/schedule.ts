import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DropReason } from '../../pack/workflow/metrics.js';
import type { Schedule as Timing } from '../../pack/workflow/model.js';

const WARM_UP_SPREAD_MS = 3000;

/** A turn of the schedule has to be accounted for, whatever becomes of it; a warm-up run is none. */
export type Start = 'turn' | 'warm-up';

/**
 * Starts something at a steady pace, on the monotonic clock: a step of the wall clock moves nothing.
 *
 * Each name has its own place in the interval, so that many workflows do not start together, and each start its own
 * jitter. A start that finds the previous one still running is dropped, and so are those missed while the process
 * was stopped: nothing is made up for in a burst.
 */
export class RunSchedule {
  readonly #timing: Timing;
  readonly #start: (why: Start) => Promise<void>;
  readonly #onDrop: (reason: DropReason, count: number) => void;
  readonly #phaseMs: number;
  #origin = 0;
  #tick = 0;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(
    name: string,
    timing: Timing,
    start: (why: Start) => Promise<void>,
    onDrop: (reason: DropReason, count: number) => void,
  ) {
    this.#timing = timing;
    this.#start = start;
    this.#onDrop = onDrop;
    this.#phaseMs = (createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32) * timing.intervalMs;
  }

  /** Warms up within seconds, whatever the interval, and then keeps the pace. */
  begin(): void {
    const share = this.#phaseMs / this.#timing.intervalMs;
    this.#timer = setTimeout(() => {
      this.#running = this.#warmUp().finally(() => {
        this.#running = undefined;
        if (this.#ended) return;
        this.#origin = performance.now() + this.#phaseMs;
        this.#tick = 0;
        this.#wait();
      });
    }, share * Math.min(this.#timing.intervalMs, WARM_UP_SPREAD_MS));
  }

  /** @returns the run in progress, to be waited for. */
  end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#running ?? Promise.resolve();
  }

  async #warmUp(): Promise<void> {
    for (let run = 0; run < this.#timing.warmupRuns && !this.#ended; run += 1) await this.#start('warm-up');
  }

  #wait(): void {
    const jitter = Math.random() * this.#timing.jitterRatio * this.#timing.intervalMs;
    const due = this.#origin + this.#tick * this.#timing.intervalMs + jitter;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, due - performance.now()));
  }

  #fire(): void {
    const passed = Math.floor((performance.now() - this.#origin) / this.#timing.intervalMs);
    if (passed > this.#tick) {
      this.#onDrop('late', passed - this.#tick);
      this.#tick = passed;
    }
    this.#tick += 1;
    if (this.#running === undefined) {
      this.#running = this.#start('turn').finally(() => {
        this.#running = undefined;
      });
    } else {
      this.#onDrop('overlap', 1);
    }
    this.#wait();
  }
}

import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DropReason } from '../../pack/workflow/metrics.js';
import type { Schedule as Timing } from '../../pack/workflow/model.js';

const WARM_UP_SPREAD_MS = 3000;

/** Every turn of the schedule must be counted; a warm-up run is not a turn. */
export type Start = 'turn' | 'warm-up';

/**
 * Starts something at regular intervals of the monotonic clock: changes of the wall clock have no effect.
 *
 * Each name has its own offset in the interval, so that many workflows do not start together, and each start has its
 * own jitter. A start is dropped if the previous run is still in progress, or if its time passed while the process was
 * stopped: missed starts are not repeated in a burst.
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

  /** Runs the warm-up within seconds, whatever the interval, and then follows the schedule. */
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

  /** @returns the run in progress, so that a caller can wait for it. */
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

import { performance } from 'node:perf_hooks';

const TICK_MS = 10;
/** Timers are this late on any machine; this does not affect measurements. */
const JITTER_MS = 5;

/**
 * Measures how late this thread's event loop was during a measurement.
 *
 * A heartbeat runs only during measurements, so an idle exporter stays idle. `monitorEventLoopDelay` would wake the
 * process a thousand times a second all the time, and cannot tell what happened during one sample.
 */
export class LoopWatch {
  readonly #watchers = new Set<Watch>();
  #timer: NodeJS.Timeout | undefined;
  #expected = 0;

  /**
   * @returns a function that ends the watch and returns the total lateness of the loop in milliseconds: at most this much was
   * added to the measurement.
   */
  start(): () => number {
    const watch: Watch = { since: performance.now(), lateMs: 0 };
    this.#watchers.add(watch);
    if (this.#timer === undefined) {
      this.#expected = performance.now() + TICK_MS;
      this.#timer = setInterval(() => this.#beat(), TICK_MS);
      this.#timer.unref();
    }
    return () => {
      // If the loop is still blocked at the end of a sample, the heartbeat is overdue.
      this.#note(watch);
      this.#watchers.delete(watch);
      if (this.#watchers.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
      return watch.lateMs;
    };
  }

  #beat(): void {
    for (const watch of this.#watchers) this.#note(watch);
    this.#expected = performance.now() + TICK_MS;
  }

  #note(watch: Watch): void {
    const now = performance.now();
    // Lateness before the start of the watch did not disturb it.
    const lateMs = Math.min(now - this.#expected, now - watch.since);
    if (lateMs > JITTER_MS) watch.lateMs += lateMs;
  }
}

interface Watch {
  readonly since: number;
  lateMs: number;
}

import { performance } from 'node:perf_hooks';

const TICK_MS = 10;
/** Timers are this late on any machine; it delays nothing that matters. */
const JITTER_MS = 5;

/**
 * Says how late this thread's event loop was while something was being measured.
 *
 * A heartbeat runs only while somebody watches, so an idle exporter stays idle. `monitorEventLoopDelay` would wake
 * the process a thousand times a second for good, and cannot say what happened during one particular sample.
 */
export class LoopWatch {
  readonly #watchers = new Set<Watch>();
  #timer: NodeJS.Timeout | undefined;
  #expected = 0;

  /**
   * @returns a function that ends the watch and says how long, in milliseconds, the loop was late in all: no more than
   * this can have been added to what was measured.
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
      // A block that has not ended by the time a sample does shows as an overdue beat.
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
    // What happened before somebody watched did not disturb them.
    const lateMs = Math.min(now - this.#expected, now - watch.since);
    if (lateMs > JITTER_MS) watch.lateMs += lateMs;
  }
}

interface Watch {
  readonly since: number;
  lateMs: number;
}

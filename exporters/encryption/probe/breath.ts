import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A turn of the event loop costs about 10 µs; ten per second are enough for a sign of life and for a stop signal. */
const EVERY_MS = 100;

/**
 * Lets other work of this thread run. Awaiting the result of a synchronous provider does not: timers and messages would
 * wait for the end of the round, and a thread that is silent for so long counts as hung.
 */
export class Breath {
  #last = performance.now();

  get isDue(): boolean {
    return performance.now() - this.#last >= EVERY_MS;
  }

  /** Never within measured time. */
  async take(): Promise<void> {
    await nextTurn();
    this.#last = performance.now();
  }
}

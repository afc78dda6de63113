import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A turn of the event loop costs some 10 µs; ten in a second are plenty for a pulse, and for being told to stop. */
const EVERY_MS = 100;

/**
 * Gives way to whatever else this thread has to do. Awaiting what a synchronous provider has answered already does not:
 * timers and messages would wait for the end of the round, and a thread that is silent for so long counts as hung.
 */
export class Breath {
  #last = performance.now();

  get isDue(): boolean {
    return performance.now() - this.#last >= EVERY_MS;
  }

  /** Never inside of what is timed. */
  async take(): Promise<void> {
    await nextTurn();
    this.#last = performance.now();
  }
}

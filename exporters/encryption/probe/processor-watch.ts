import { closeSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** One look at this thread, in milliseconds. */
export interface ProcessorSample {
  /** On the clock of `performance.now`. */
  readonly atMs: number;
  /** On a processor, since the thread began. */
  readonly ranMs: number;
  /** With work to do and no processor to do it on, since the thread began. */
  readonly waitedMs: number;
  /** How often it was given a processor. */
  readonly slices: number;
}

const nobodyCounts: ProcessorSample = { atMs: 0, ranMs: 0, waitedMs: 0, slices: 0 };

/**
 * How long this thread had no processor although it had work to do: Linux counts it, per thread and in nanoseconds.
 * Without it, a neighbour on the same cores looks like a slow key service: of 129 operations of 5 µs that took more
 * than half a millisecond on a busy machine of two cores, each had been waiting for nearly all of it.
 *
 * The rest was lost where the queue shows nothing: a hypervisor took the processor away, or the thread slept until
 * another thread of this process, itself without a processor, let go of a lock. Time that was neither run nor waited
 * for is all that can be known of those, so they are told apart from a provider's own sleep only where there is none.
 *
 * One look costs some 10 µs, so it is taken outside what is timed. Elsewhere than on Linux it sees nothing.
 */
export class ProcessorWatch {
  readonly #buffer = Buffer.alloc(64);
  #file: number | undefined;

  /** In the thread that is to be watched. */
  open(): void {
    try {
      this.#file = openSync('/proc/thread-self/schedstat', 'r');
    } catch {
      this.#file = undefined;
    }
  }

  sample(): ProcessorSample {
    if (this.#file === undefined) return nobodyCounts;
    // What the current time slice has used so far is added only when somebody asks for the processor time of the
    // process; the file alone is up to one tick of the scheduler old.
    process.cpuUsage();
    const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    const [ran, waited, slices] = this.#buffer.toString('latin1', 0, length).split(' ', 3);
    return {
      atMs: performance.now(),
      ranMs: Number(ran ?? 0) / 1e6,
      waitedMs: Number(waited ?? 0) / 1e6,
      slices: Number(slices ?? 0),
    };
  }

  /**
   * @param maySleep what was done since may have slept of its own accord, as who waits for a device or an answer.
   * @returns milliseconds without a processor; always 0 where nobody counts.
   */
  lostMs(since: ProcessorSample, maySleep: boolean): number {
    const now = this.sample();
    const waitedMs = now.waitedMs - since.waitedMs;
    // Whoever was never taken off the processor did not sleep either.
    if (maySleep && now.slices !== since.slices) return waitedMs;
    return Math.max(waitedMs, now.atMs - since.atMs - (now.ranMs - since.ranMs));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

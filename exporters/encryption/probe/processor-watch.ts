import { closeSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** One sample of this thread's processor times, in milliseconds. */
export interface ProcessorSample {
  /** On the clock of `performance.now`. */
  readonly atMs: number;
  /** Time on a processor since the thread started. */
  readonly ranMs: number;
  /** Time in the run queue since the thread started. */
  readonly waitedMs: number;
  /** How often it got a processor. */
  readonly slices: number;
}

const nobodyCounts: ProcessorSample = { atMs: 0, ranMs: 0, waitedMs: 0, slices: 0 };

/**
 * How long this thread had no processor although it had work: Linux counts this per thread, in nanoseconds.
 * Without it, a neighbour on the same cores looks like a slow key service: of 129 operations of 5 µs that took more
 * than half a millisecond on a busy machine of two cores, each had been waiting for nearly all of it.
 *
 * The rest was lost where the queue shows nothing: a hypervisor took the processor away, or the thread slept until
 * another thread of this process, itself without a processor, let go of a lock. Time that was neither run nor waited
 * for is all that can be known of those, so they are told apart from a provider's own sleep only where there is none.
 *
 * One sample costs about 10 µs, so it is taken outside measured time. On systems other than Linux it has no data.
 */
export class ProcessorWatch {
  readonly #buffer = Buffer.alloc(64);
  #file: number | undefined;

  /** Created in the thread that it watches. */
  open(): void {
    try {
      this.#file = openSync('/proc/thread-self/schedstat', 'r');
    } catch {
      this.#file = undefined;
    }
  }

  sample(): ProcessorSample {
    if (this.#file === undefined) return nobodyCounts;
    // The current time slice is included only after a call for the processor time of the process; the file alone is up
    // to one scheduler tick old.
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
   * @param maySleep the work since then may have slept itself, for example to wait for a device or an answer.
   * @returns milliseconds without a processor; always 0 if the system does not count them.
   */
  lostMs(since: ProcessorSample, maySleep: boolean): number {
    const now = this.sample();
    const waitedMs = now.waitedMs - since.waitedMs;
    // A thread that never lost its processor did not sleep either.
    if (maySleep && now.slices !== since.slices) return waitedMs;
    return Math.max(waitedMs, now.atMs - since.atMs - (now.ranMs - since.ranMs));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

import { closeSync, openSync, readSync } from 'node:fs';

/**
 * How long this thread has had work to do and no processor to do it on: Linux counts it, per thread and in
 * nanoseconds. Without it, a neighbour on the same cores looks like a slow key service: of 129 operations of 5 µs
 * that took more than half a millisecond on a busy machine of two cores, each had been waiting for nearly all of it.
 *
 * One look costs some 7 µs, so it is taken outside what is timed. Elsewhere than on Linux it sees nothing.
 */
export class RunQueueWatch {
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

  /** Milliseconds since the thread began; always 0 where nobody counts. */
  waitedMs(): number {
    if (this.#file === undefined) return 0;
    const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    // "<on a processor> <waiting for one> <slices>"
    const waited = this.#buffer.toString('latin1', 0, length).split(' ', 2)[1];
    return Number(waited ?? 0) / 1e6;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

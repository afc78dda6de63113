import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Times on the clock of `performance.now`, in milliseconds. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * When this thread collected garbage. A collection during an operation is caused by this process and not by the
 * provider, and makes a 7 µs operation look like a millisecond.
 */
export class GarbageWatch {
  readonly #observer: PerformanceObserver;
  #seen: Interval[] = [];

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#note(list.getEntries()));
  }

  /** Active only during measurements: each collection costs an entry. */
  start(): void {
    this.#seen = [];
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** @returns the collections since `start`, in order. */
  async stop(): Promise<readonly Interval[]> {
    // Node reports a collection only in later turns of the event loop.
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    this.#note(this.#observer.takeRecords());
    this.#observer.disconnect();
    return this.#seen.toSorted((a, b) => a.start - b.start);
  }

  #note(entries: readonly { readonly startTime: number; readonly duration: number }[]): void {
    for (const { startTime, duration } of entries) this.#seen.push({ start: startTime, end: startTime + duration });
  }
}

/** How much of a time span is covered by ordered intervals that do not overlap. */
export function overlapMs(span: Interval, intervals: readonly Interval[]): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals[middle]?.end ?? 0) <= span.start) low = middle + 1;
    else high = middle;
  }
  let sum = 0;
  for (let index = low; index < intervals.length; index += 1) {
    const interval = intervals[index];
    if (interval === undefined || interval.start >= span.end) break;
    sum += Math.min(interval.end, span.end) - Math.max(interval.start, span.start);
  }
  return sum;
}

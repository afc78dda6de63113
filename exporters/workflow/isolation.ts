import { performance } from 'node:perf_hooks';

/** Once may be chance: another run's memory, or a machine without any. */
const DEATHS = 2;
const FIRST_MS = 5 * 60_000;
const LONGEST_MS = 60 * 60_000;
/** Deaths of one workflow belong together when they are no farther apart than this, and so many of its intervals. */
const TOGETHER_MS = 10 * 60_000;
const TOGETHER_INTERVALS = 3;

/** A workflow that is not run, because judging it ends the measuring of all. */
export interface Isolated {
  readonly deaths: number;
  readonly why: string;
  /** On the monotonic clock. */
  readonly untilMs: number;
}

/**
 * Who brought the measuring thread down again and again, and is left out for a while. The while doubles each time, and
 * starts anew once the workflow has run without harm.
 */
export class Isolation {
  readonly #firstMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, Isolated & { readonly isolations: number; readonly lastMs: number }>();

  constructor(firstMs = FIRST_MS, now: () => number = () => performance.now()) {
    this.#firstMs = firstMs;
    this.#now = now;
  }

  /** @returns what it leads to, if it was once too often. */
  died(name: string, intervalMs: number, why: string): Isolated | undefined {
    const now = this.#now();
    const before = this.#known.get(name);
    const together = TOGETHER_MS + TOGETHER_INTERVALS * intervalMs;
    const isRepeated = before !== undefined && now - Math.max(before.lastMs, before.untilMs) <= together;
    const deaths = (isRepeated ? before.deaths : 0) + 1;
    const isolations = isRepeated ? before.isolations : 0;
    const isTooOften = deaths >= DEATHS;
    const next = {
      deaths,
      why,
      lastMs: now,
      untilMs: isTooOften ? now + Math.min(LONGEST_MS, this.#firstMs * 2 ** isolations) : 0,
      isolations: isolations + (isTooOften ? 1 : 0),
    };
    this.#known.set(name, next);
    return isTooOften ? next : undefined;
  }

  of(name: string): Isolated | undefined {
    const known = this.#known.get(name);
    return known !== undefined && known.untilMs > this.#now() ? known : undefined;
  }

  /** A person has changed something: everybody is tried again. */
  clear(): void {
    this.#known.clear();
  }
}

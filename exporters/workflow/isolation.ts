import { performance } from 'node:perf_hooks';

/** One death may be chance: memory that another run used, or a machine without free memory. */
const DEATHS = 2;
const FIRST_MS = 5 * 60_000;
const LONGEST_MS = 60 * 60_000;
/** Deaths of one workflow count together when they are at most this far apart, or this many of its intervals. */
const TOGETHER_MS = 10 * 60_000;
const TOGETHER_INTERVALS = 3;

/** A workflow that does not run, because processing its answers stops all measuring. */
export interface Isolated {
  readonly deaths: number;
  readonly why: string;
  /** On the monotonic clock. */
  readonly untilMs: number;
}

/**
 * Workflows that ended the measuring thread repeatedly are left out for some time. The time doubles each time, and is
 * reset when the workflow has run without ending the thread.
 */
export class Isolation {
  readonly #firstMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, Isolated & { readonly isolations: number; readonly lastMs: number }>();

  constructor(firstMs = FIRST_MS, now: () => number = () => performance.now()) {
    this.#firstMs = firstMs;
    this.#now = now;
  }

  /** @returns the isolation that follows, if this was one death too many. */
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

  /** The configuration has changed: all workflows are tried again. */
  clear(): void {
    this.#known.clear();
  }
}

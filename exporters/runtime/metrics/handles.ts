import type { Metric } from '../../../pack/metrics/index.js';
import type { Family, HistogramSample, ValueSample } from './family.js';
import type { Labels } from './labels.js';
import { type OnOverflow, SeriesMap } from './series.js';

interface Cell {
  value: number;
}

abstract class ValueHandle<L extends string> {
  readonly decl: Metric<L>;
  protected readonly series: SeriesMap<L, Cell>;

  constructor(decl: Metric<L>, limit: number, onOverflow: OnOverflow) {
    this.decl = decl;
    this.series = new SeriesMap(decl, limit, onOverflow, () => ({ value: 0 }));
  }

  /** Creates the series with 0 if it is new. An existing value stays. */
  zero(labels: Labels<L>): void {
    this.series.at(labels);
  }

  /** Removes every series that has all of these labels; `{}` removes all. Returns how many. */
  remove(subset: Partial<Labels<L>>): number {
    return this.series.remove(subset);
  }

  family(): Family {
    const samples: ValueSample[] = [];
    for (const { labels, state } of this.series.all()) samples.push({ labels, value: state.value });
    return { decl: this.decl, samples };
  }
}

export class Counter<L extends string> extends ValueHandle<L> {
  /** @throws {RangeError} when `by` is negative or not a number: a counter only grows. */
  inc(labels: Labels<L>, by = 1): void {
    if (!(by >= 0)) throw new RangeError(`${this.decl.name}: a counter grows by 0 or more, not by ${by}`);
    const cell = this.series.at(labels);
    if (cell !== undefined) cell.value += by;
  }
}

export class Gauge<L extends string> extends ValueHandle<L> {
  set(labels: Labels<L>, value: number): void {
    const cell = this.series.at(labels);
    if (cell !== undefined) cell.value = value;
  }

  inc(labels: Labels<L>, by = 1): void {
    const cell = this.series.at(labels);
    if (cell !== undefined) cell.value += by;
  }
}

interface Buckets {
  counts: number[];
  sum: number;
}

export class Histogram<L extends string> {
  readonly decl: Metric<L>;
  readonly #series: SeriesMap<L, Buckets>;
  #bounds: readonly number[];

  constructor(decl: Metric<L>, bounds: readonly number[], limit: number, onOverflow: OnOverflow) {
    this.decl = decl;
    this.#bounds = checkedBounds(decl.name, bounds);
    this.#series = new SeriesMap(decl, limit, onOverflow, () => ({
      counts: new Array<number>(this.#bounds.length + 1).fill(0),
      sum: 0,
    }));
  }

  get bounds(): readonly number[] {
    return this.#bounds;
  }

  /** @throws {RangeError} when the value is not a number, which would make the sum invalid for ever. */
  observe(labels: Labels<L>, value: number): void {
    if (Number.isNaN(value)) throw new RangeError(`${this.decl.name}: observed NaN`);
    const buckets = this.#series.at(labels);
    if (buckets === undefined) return;
    const bucket = bucketOf(this.#bounds, value);
    buckets.counts[bucket] = (buckets.counts[bucket] ?? 0) + 1;
    buckets.sum += value;
  }

  /** Creates the series with empty buckets if it is new. Existing counts stay. */
  zero(labels: Labels<L>): void {
    this.#series.at(labels);
  }

  /** Removes every series that has all of these labels; `{}` removes all. Returns how many. */
  remove(subset: Partial<Labels<L>>): number {
    return this.#series.remove(subset);
  }

  /**
   * Changes the bounds, for example when an SLA was edited. Counts at unchanged bounds stay, so no series decreases. A new bound
   * starts with the count of the next lower bound, because the exact values of older observations are unknown.
   */
  rebound(bounds: readonly number[]): void {
    const next = checkedBounds(this.decl.name, bounds);
    const previous = this.#bounds;
    this.#bounds = next;
    for (const { state } of this.#series.all()) {
      const counts = new Array<number>(next.length + 1).fill(0);
      state.counts.forEach((count, index) => {
        const bucket = bucketOf(next, previous[index] ?? Number.POSITIVE_INFINITY);
        counts[bucket] = (counts[bucket] ?? 0) + count;
      });
      state.counts = counts;
    }
  }

  family(): Family {
    const samples: HistogramSample[] = [];
    for (const { labels, state } of this.#series.all()) {
      samples.push({ labels, bounds: this.#bounds, counts: [...state.counts], sum: state.sum });
    }
    return { decl: this.decl, samples };
  }
}

/** Index of the first bound that the value does not exceed. Few bounds: a linear search is faster than a binary one. */
function bucketOf(bounds: readonly number[], value: number): number {
  let index = 0;
  for (const bound of bounds) {
    if (value <= bound) return index;
    index += 1;
  }
  return index;
}

function checkedBounds(name: string, bounds: readonly number[]): readonly number[] {
  bounds.forEach((bound, index) => {
    const before = bounds[index - 1];
    if (!Number.isFinite(bound) || (before !== undefined && bound <= before)) {
      throw new RangeError(`${name}: bounds must be finite and ascending, without +Inf: ${bounds.join(', ')}`);
    }
  });
  return [...bounds];
}

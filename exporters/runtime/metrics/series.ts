import type { Metric } from '../../../pack/metrics/index.js';
import { type Labels, labelKey, labelText } from './labels.js';

export interface Series<State> {
  /** Serialised once, when the series appears. */
  readonly labels: string;
  readonly values: Readonly<Record<string, string>>;
  readonly state: State;
}

/** Called once per metric when it has reached its maximum number of series, and further label sets are left out. */
export type OnOverflow = (metric: string, limit: number) => void;

/** The series of one metric, by label set, up to a limit. */
export class SeriesMap<L extends string, State> {
  readonly #decl: Metric<L>;
  readonly #limit: number;
  readonly #onOverflow: OnOverflow;
  readonly #create: () => State;
  readonly #series = new Map<string, Series<State>>();
  #overflowed = false;

  constructor(decl: Metric<L>, limit: number, onOverflow: OnOverflow, create: () => State) {
    this.#decl = decl;
    this.#limit = limit;
    this.#onOverflow = onOverflow;
    this.#create = create;
  }

  /** The series with these labels, created if it is new; undefined when the limit is reached. */
  at(labels: Labels<L>): State | undefined {
    const key = labelKey(this.#decl.labels, labels);
    const found = this.#series.get(key);
    if (found !== undefined) return found.state;
    if (this.#series.size >= this.#limit) {
      if (!this.#overflowed) this.#onOverflow(this.#decl.name, this.#limit);
      this.#overflowed = true;
      return undefined;
    }
    const made = { labels: labelText(this.#decl.labels, labels), values: { ...labels }, state: this.#create() };
    this.#series.set(key, made);
    return made.state;
  }

  /** Removes every series that has all of these labels; returns how many. */
  remove(subset: Partial<Labels<L>>): number {
    const wanted = Object.entries(subset);
    let removed = 0;
    for (const [key, series] of this.#series) {
      if (wanted.every(([name, value]) => series.values[name] === value)) {
        this.#series.delete(key);
        removed += 1;
      }
    }
    if (removed > 0) this.#overflowed = false;
    return removed;
  }

  all(): IterableIterator<Series<State>> {
    return this.#series.values();
  }
}

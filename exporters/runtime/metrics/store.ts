import type { Metric } from '../../../pack/metrics/index.js';
import type { Family } from './family.js';
import { Counter, Gauge, Histogram } from './handles.js';
import type { OnOverflow } from './series.js';

export interface MetricStoreOptions {
  /** Maximum number of label sets per metric; further ones are left out. */
  readonly maxSeriesPerMetric?: number;
  readonly onOverflow?: OnOverflow;
}

/**
 * The metrics of one exporter that outlive a scrape: counters, histograms and last-known gauges. Each is created once
 * from its declaration; the page shows them in the order of creation.
 */
export class MetricStore {
  readonly #limit: number;
  readonly #onOverflow: OnOverflow;
  readonly #handles = new Map<string, { readonly decl: Metric; family(): Family }>();

  constructor(options: MetricStoreOptions = {}) {
    this.#limit = options.maxSeriesPerMetric ?? 10_000;
    this.#onOverflow = options.onOverflow ?? (() => undefined);
  }

  /** A separate store with the same limits and callback, whose families its owner puts on the page. */
  apart(): MetricStore {
    return new MetricStore({ maxSeriesPerMetric: this.#limit, onOverflow: this.#onOverflow });
  }

  counter<L extends string>(decl: Metric<L>): Counter<L> {
    this.#claim(decl, 'counter');
    const handle = new Counter(decl, this.#limit, this.#onOverflow);
    this.#handles.set(decl.name, handle);
    return handle;
  }

  gauge<L extends string>(decl: Metric<L>): Gauge<L> {
    this.#claim(decl, 'gauge');
    const handle = new Gauge(decl, this.#limit, this.#onOverflow);
    this.#handles.set(decl.name, handle);
    return handle;
  }

  /** `bounds` replace the declared ones; `Histogram.rebound` changes them later. */
  histogram<L extends string>(decl: Metric<L>, options: { readonly bounds?: readonly number[] } = {}): Histogram<L> {
    this.#claim(decl, 'histogram');
    const bounds = options.bounds ?? decl.bounds;
    if (bounds === undefined) throw new TypeError(`${decl.name}: a histogram needs bounds`);
    const handle = new Histogram(decl, bounds, this.#limit, this.#onOverflow);
    this.#handles.set(decl.name, handle);
    return handle;
  }

  families(): Family[] {
    return Array.from(this.#handles.values(), (handle) => handle.family());
  }

  #claim(decl: Metric, type: Metric['type']): void {
    if (decl.type !== type) throw new TypeError(`${decl.name} is declared a ${decl.type}, not a ${type}`);
    if (this.#handles.has(decl.name))
      throw new TypeError(`${decl.name} is created twice; create it once and pass the handle`);
  }
}

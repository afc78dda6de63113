/**
 * How a metric is declared. Exporters create metrics from these declarations, rules and dashboards name metrics
 * only through them, and the metric reference and the catalogue test are generated from them.
 */
export type MetricType = 'counter' | 'gauge' | 'histogram';

export type Unit = 'seconds' | 'bytes' | 'ratio' | 'timestamp' | 'info' | 'boolean' | 'count';

export interface Metric<Label extends string = string> {
  /** Full exposed name; a counter's ends in `_total`. */
  readonly name: string;
  readonly type: MetricType;
  readonly unit: Unit;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Closed value sets, for labels that have one. */
  readonly values?: Partial<Readonly<Record<Label, readonly string[]>>>;
  /** Histogram upper bounds, ascending, without +Inf. */
  readonly bounds?: readonly number[];
}

/** A series that a recording rule makes. `level:metric:operation`. */
export interface Recorded {
  readonly name: string;
  readonly unit: Unit;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Metrics that are exposed and documented together. */
export interface MetricFamily {
  /** For the reference. */
  readonly title: string;
  readonly metrics: Readonly<Record<string, Metric>>;
}

type Extra<L extends string> = Pick<Metric<L>, 'values' | 'bounds'>;

function declare(type: MetricType) {
  return <const L extends string>(
    name: string,
    unit: Unit,
    labels: readonly L[],
    help: string,
    extra: Extra<L> = {},
  ): Metric<L> => ({ name, type, unit, labels, help, ...extra });
}

export const counter = declare('counter');
export const gauge = declare('gauge');
export const histogram = declare('histogram');

import type { Metric } from '../../../pack/metrics/index.js';
import { type Labels, labelText } from './labels.js';

/**
 * A metric and its series on this page. Families are values: a collector creates new ones for each page, so that a
 * removed series cannot remain.
 */
export interface Family {
  readonly decl: Metric;
  readonly samples: readonly Sample[];
}

export type Sample = ValueSample | HistogramSample;

export interface ValueSample {
  /** Already escaped, without braces: `portal="kingston",workflow="login"`. */
  readonly labels: string;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: string;
  /** Ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Observations per bucket, not accumulated; one more than bounds, the last being +Inf. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * A counter or gauge family from rows of labels and value.
 *
 * @example family(metrics.slaTarget, [[{ portal: 'kingston', workflow: 'login' }, 1.5]])
 */
export function family<L extends string>(
  decl: Metric<L>,
  rows: Iterable<readonly [labels: Labels<L>, value: number]>,
): Family {
  const samples: ValueSample[] = [];
  for (const [labels, value] of rows) samples.push({ labels: labelText(decl.labels, labels), value });
  return { decl, samples };
}

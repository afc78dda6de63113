import type { Reduction } from '../../../pack/compliance/model/index.js';
import { compareWith } from '../status/compare.js';
import { decimalOf } from '../status/decimal.js';
import { unknownFinding } from '../status/finding.js';
import type { LookOf } from './look.js';
import type { PrometheusClient } from './prometheus.js';

export const NO_PROMETHEUS = 'the board names no Prometheus: add prometheus: to it';

export const lookByPromql: LookOf<'promql', { readonly prometheus: PrometheusClient | undefined }> =
  (check, { prometheus }) =>
  async ({ signal }) => {
    if (prometheus === undefined) return unknownFinding('Prometheus', NO_PROMETHEUS);
    const source = prometheus.name;
    if (check.aliveQuery !== undefined) {
      const dead = await whyDead(prometheus, check.aliveQuery, signal);
      if (dead !== undefined) return unknownFinding(source, dead);
    }
    const answer = await prometheus.instant(check.query, signal);
    if ('unknown' in answer) return unknownFinding(source, answer.unknown);
    const { values, asOf } = answer;
    const isZero = values.length === 0 && check.onEmpty === 'zero' && check.aliveQuery !== undefined;
    if (values.length === 0 && !isZero) return unknownFinding(source, 'the query gives no series');
    if (!isZero && values.length < check.minSeries) {
      return unknownFinding(source, `the query gives ${values.length} series of at least ${check.minSeries}`);
    }
    const value = decimalOf(isZero ? 0 : reduced(values, check.reduce));
    if (value === undefined || values.some(Number.isNaN))
      return unknownFinding(source, 'a series is not a finite number');
    return compareWith(check.expect, { value, asOf, source });
  };

/** A count of faults is also absent when nobody counts. */
async function whyDead(prometheus: PrometheusClient, query: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await prometheus.instant(query, signal);
  if ('unknown' in answer) return answer.unknown;
  if (answer.values.length === 0) return `nothing shows that the source is alive: ${query} gives no series`;
  return answer.values.every((value) => value === 1) ? undefined : `the source is not alive: ${query} is not 1`;
}

function reduced(values: readonly number[], how: Reduction): number {
  switch (how) {
    case 'max':
      return Math.max(...values);
    case 'min':
      return Math.min(...values);
    case 'sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'count':
      return values.length;
  }
}

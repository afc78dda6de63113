import type { FreshnessCheck } from '../../../pack/compliance/model/index.js';
import { compareWith } from '../status/compare.js';
import { ageLimits } from '../status/expectation.js';
import { type CheckFinding, CLOCK_TOLERANCE_MS, unknownFinding } from '../status/finding.js';
import type { CheckLook, LookOf } from './look.js';
import type { PrometheusClient } from './prometheus.js';
import { NO_PROMETHEUS } from './promql.js';
import { type Databases, instantOf, oneValueOf } from './sql.js';

interface Needs {
  readonly prometheus: PrometheusClient | undefined;
  readonly databases: Databases;
}

/** Something happened recently enough: the value is its age in seconds. */
export const lookByFreshness: LookOf<'freshness', Needs> = (check, needs) =>
  check.source.kind === 'promql'
    ? fromPrometheus(check, check.source.query, needs)
    : fromDatabase(check, check.source, needs);

function fromPrometheus(check: FreshnessCheck, query: string, { prometheus }: Needs): CheckLook {
  return async ({ signal, now }) => {
    if (prometheus === undefined) return unknownFinding('Prometheus', NO_PROMETHEUS);
    const answer = await prometheus.instant(query, signal);
    if ('unknown' in answer) return unknownFinding(prometheus.name, answer.unknown);
    if (answer.values.length === 0) return unknownFinding(prometheus.name, 'the query gives no series');
    // Of several, the one that is the longest ago decides.
    const oldest = Math.min(...answer.values);
    if (!Number.isFinite(oldest) || oldest <= 0)
      return unknownFinding(prometheus.name, 'it has not happened yet, as far as is known');
    return ofAge(check, now.getTime() / 1000 - oldest, { asOf: answer.asOf, source: prometheus.name });
  };
}

function fromDatabase(
  check: FreshnessCheck,
  source: Extract<FreshnessCheck['source'], { kind: 'sql' }>,
  { databases }: Needs,
): CheckLook {
  const ask = oneValueOf(source.query, source.database, databases);
  const name = `database ${source.database}`;
  return async ({ signal, now }) => {
    const answer = await ask(signal);
    if ('unknown' in answer) return unknownFinding(name, answer.unknown);
    const at = instantOf(answer.value);
    if (at === undefined) return unknownFinding(name, 'value is no timestamp with time zone');
    return ofAge(check, (now.getTime() - at.getTime()) / 1000, { asOf: answer.asOf ?? now, source: name });
  };
}

function ofAge(
  check: FreshnessCheck,
  seconds: number,
  seen: { readonly asOf: Date; readonly source: string },
): CheckFinding {
  if (seconds < -CLOCK_TOLERANCE_MS / 1000)
    return unknownFinding(seen.source, 'it is said to have happened in the future: a clock is wrong');
  const value = String(Math.max(0, Math.round(seconds)));
  return compareWith(ageLimits(check.maxAgeSeconds, check.warnAgeSeconds), { ...seen, value });
}

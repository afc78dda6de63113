import type { SectionFinding } from '../../runtime/landing/section.js';
import { formatSeconds, percentiles } from './percentiles.js';
import { probeJobName } from './plan.js';
import type { RoundResult } from './protocol.js';
import type { ShownProvider } from './shown-provider.js';
import { operationsIn } from './tally.js';
import { staleAfterSeconds } from './verdict.js';

/** The state of a provider, from its last round. */
export function providerFinding({ job, last, outage, problem }: ShownProvider, nowMs: number): SectionFinding {
  const what = probeJobName(job);
  const attention = (why: string): SectionFinding => ({ what, state: 'attention', why });
  const unknown = (why: string): SectionFinding => ({ what, state: 'unknown', why });
  if (problem !== undefined) return unknown(problem);
  if (last === undefined) return unknown('not yet measured');
  const ageSeconds = nowMs / 1000 - last.endedAtSeconds;
  if (ageSeconds > staleAfterSeconds(job, last))
    return unknown(`its last round ended ${formatSeconds(ageSeconds)} ago`);
  if (last.fault !== undefined) {
    const ours = `${last.fault}, a fault of ours: ${last.problem ?? ''}`;
    return outage === undefined ? unknown(ours) : attention(`${outage}; not asked since: ${ours}`);
  }
  if (!last.isUsable) return attention(last.problem ?? 'not usable');
  const failedTests = last.selfTests.flatMap(([test, { outcome }]) => (outcome === 'failed' ? [test] : []));
  if (failedTests.length > 0) return attention(`self-tests failed: ${failedTests.join(', ')}`);
  const failures = operationsIn(last.failures);
  if (failures > 0) return attention(`${failures} operations of the last round failed`);
  const slow = slowestBeyondPromise(last, job.slaSeconds);
  if (slow !== undefined) return attention(slow);
  const ours = operationsIn(last.uncertain);
  if (ours > 0) return unknown(`${ours} operations of the last round were ended by a fault of ours`);
  const lost = last.selfTests.flatMap(([test, { outcome, why }]) => (outcome === 'unknown' ? [`${test}: ${why}`] : []));
  if (lost[0] !== undefined) return unknown(lost[0]);
  if (last.series.every(({ seconds }) => seconds.length === 0)) return unknown('the last round measured nothing');
  if (!last.selfTests.some(([, { outcome }]) => outcome === 'passed')) return unknown('no self-test could be made');
  return { what, state: 'fine' };
}

/** A round trip is two operations, so its SLA is twice the time. */
function slowestBeyondPromise({ series }: RoundResult, slaSeconds: number): string | undefined {
  for (const { operation, seconds } of series) {
    const p99 = percentiles(seconds)?.p99;
    const targetSeconds = operation === 'round_trip' ? 2 * slaSeconds : slaSeconds;
    if (p99 !== undefined && p99 > targetSeconds)
      return `p99 of ${operation} is ${formatSeconds(p99)}, promised are ${formatSeconds(targetSeconds)}`;
  }
  return undefined;
}

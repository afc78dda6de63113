import { ProbeEngine } from '../../../exporters/encryption/probe/engine.js';
import type { ProbeJob } from '../../../exporters/encryption/probe/plan.js';
import type { RoundResult } from '../../../exporters/encryption/probe/protocol.js';
import { Redactor } from '../../../exporters/runtime/redactor.js';
import type { SelfTest } from '../../../pack/encryption/metrics.js';

/** One round, in this thread. */
export function oneRound(job: ProbeJob, redactor = new Redactor()): Promise<RoundResult> {
  return new ProbeEngine(job, redactor, () => undefined).round();
}

/** Which self-tests passed, failed, and could not be made. */
export function verdicts(result: RoundResult): Readonly<Record<'passed' | 'failed' | 'absent', readonly SelfTest[]>> {
  const of = (wanted: string) => result.selfTests.flatMap(([test, { outcome }]) => (outcome === wanted ? [test] : []));
  return { passed: of('passed'), failed: of('failed'), absent: of('absent') };
}

/** Of these operations, how many samples there are, tainted ones included. */
export function sampleCount(result: RoundResult, operation: string, temperature = 'warm'): number {
  return result.series
    .filter((one) => one.operation === operation && one.temperature === temperature)
    .reduce((sum, { seconds, tainted }) => sum + seconds.length + tainted, 0);
}

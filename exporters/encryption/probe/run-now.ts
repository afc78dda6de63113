import { SecretText, SecretUnavailable } from '../../../pack/index.js';
import type { EncryptionOperation, SelfTest } from '../../../pack/metrics/encryption.js';
import type { Redactor } from '../../runtime/redactor.js';
import { sizeLabel } from './canary.js';
import { ProbeEngine } from './engine.js';
import { type Percentiles, percentiles } from './percentiles.js';
import type { ProbeJob } from './plan.js';
import type { RoundResult } from './protocol.js';
import type { Temperature } from './samples.js';
import type { TestResult } from './self-tests.js';

/** Long enough that somebody who asks for many samples gets them all. */
const WHOLE_ROUND_MS = 60 * 60_000;

/** What one round found, judged. */
export interface ProbeReport {
  readonly portal: string;
  readonly provider: string;
  readonly kind: string;
  readonly isUsable: boolean;
  readonly trouble?: string;
  readonly timings: readonly Timing[];
  readonly failures: RoundResult['failures'];
  readonly selfTests: readonly (TestResult & { readonly test: SelfTest })[];
  /** The 99th percentile is within the promise everywhere, nothing failed, and no self-test did. */
  readonly isFine: boolean;
}

export interface Timing extends Percentiles {
  readonly operation: EncryptionOperation;
  readonly size: string;
  readonly keyTemperature: Temperature;
  /** All in seconds. */
  readonly target: number;
  readonly isWithinTarget: boolean;
  readonly tainted: number;
}

/** One round with one provider, in this thread: nobody else is at work here whom it could disturb. */
export async function probeNow(job: ProbeJob, samples: number, redactor: Redactor): Promise<ProbeReport> {
  const probe = { ...job.probe, samples, intervalMs: WHOLE_ROUND_MS };
  const engine = new ProbeEngine({ ...job, probe }, redactor, () => undefined);
  const result = await engine.round();
  const timings = timingsOf(job, result);
  const selfTests = result.selfTests.map(([test, found]) => ({ test, ...found }));
  return {
    portal: job.portal.name,
    provider: job.provider.name,
    kind: job.provider.kind,
    isUsable: result.isUsable,
    ...(result.trouble === undefined ? {} : { trouble: result.trouble }),
    timings,
    failures: result.failures,
    selfTests,
    isFine:
      result.isUsable &&
      result.failures.length === 0 &&
      timings.every(({ isWithinTarget }) => isWithinTarget) &&
      selfTests.every(({ outcome }) => outcome !== 'failed'),
  };
}

function timingsOf({ slaSeconds }: ProbeJob, { series }: RoundResult): Timing[] {
  return series.flatMap(({ operation, sizeBytes, temperature, seconds, tainted }) => {
    const found = percentiles(seconds);
    if (found === undefined) return [];
    const target = operation === 'round_trip' ? 2 * slaSeconds : slaSeconds;
    const isWithinTarget = found.p99 <= target;
    return [
      { operation, size: sizeLabel(sizeBytes), keyTemperature: temperature, ...found, target, isWithinTarget, tainted },
    ];
  });
}

/** Why this provider cannot be measured here, in words that name the variable or file; undefined when it can. */
export function missingSecret(description: unknown): string | undefined {
  if (description instanceof SecretText) {
    try {
      description.reveal();
      return undefined;
    } catch (error) {
      if (error instanceof SecretUnavailable) return error.message;
      throw error;
    }
  }
  if (typeof description !== 'object' || description === null) return undefined;
  for (const inner of Object.values(description)) {
    const missing = missingSecret(inner);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

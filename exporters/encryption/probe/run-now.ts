import type { EncryptionOperation, EncryptionUncertain, SelfTest } from '../../../pack/encryption/metrics.js';
import { SecretText, SecretUnavailable } from '../../../pack/index.js';
import type { Redactor } from '../../runtime/redactor.js';
import { sizeLabel } from './canary.js';
import { ProbeEngine } from './engine.js';
import { type Percentiles, percentiles } from './percentiles.js';
import type { ProbeJob } from './plan.js';
import type { RoundResult } from './protocol.js';
import type { OperationTimes, Temperature } from './samples.js';
import type { TestResult } from './test-result.js';

/** Long enough for all samples, even if many are requested. */
const WHOLE_ROUND_MS = 60 * 60_000;

/** The judged result of one round. */
export interface ProviderReport {
  readonly portal: string;
  readonly provider: string;
  readonly kind: string;
  readonly isUsable: boolean;
  /**
   * A fault of the exporter or of its set-up, if there was no other failure: it is unknown whether the provider works.
   */
  readonly fault?: EncryptionUncertain;
  readonly problem?: string;
  readonly timings: readonly Timing[];
  readonly failures: RoundResult['failures'];
  readonly uncertain: RoundResult['uncertain'];
  readonly selfTests: readonly (TestResult & { readonly test: SelfTest })[];
  /** Why a part is unknown, as readable texts. */
  readonly unknown: readonly string[];
  /** `missed` also when an operation or a self-test failed; otherwise `unknown` if a part is unknown. */
  readonly verdict: PromiseVerdict;
}

export type PromiseVerdict = 'kept' | 'missed' | 'unknown';

/** Without percentiles if all samples were disturbed. */
export interface Timing extends Partial<Percentiles> {
  /** Number of undisturbed samples. */
  readonly count: number;
  readonly operation: EncryptionOperation;
  readonly size: string;
  readonly keyTemperature: Temperature;
  /** All in seconds. */
  readonly target: number;
  readonly verdict: PromiseVerdict;
  readonly tainted: number;
}

/** One round with one provider, in this thread, because there is no other work that it could disturb. */
export async function probeNow(job: ProbeJob, samples: number, redactor: Redactor): Promise<ProviderReport> {
  const probe = { ...job.probe, samples, intervalMs: WHOLE_ROUND_MS };
  const engine = new ProbeEngine({ ...job, probe }, redactor, () => undefined);
  const result = await engine.round();
  const timings = timingsOf(job, result);
  const selfTests = result.selfTests.map(([test, found]) => ({ test, ...found }));
  const isMissed =
    timings.some(({ verdict }) => verdict === 'missed') ||
    result.failures.length > 0 ||
    (!result.isUsable && result.fault === undefined) ||
    selfTests.some(({ outcome }) => outcome === 'failed');
  const unknown = unknownsOf(timings, result);
  return {
    portal: job.portal.name,
    provider: job.provider.name,
    kind: job.provider.kind,
    isUsable: result.isUsable,
    ...(result.fault === undefined ? {} : { fault: result.fault }),
    ...(result.problem === undefined ? {} : { problem: result.problem }),
    timings,
    failures: result.failures,
    uncertain: result.uncertain,
    selfTests,
    unknown,
    verdict: isMissed ? 'missed' : unknown.length > 0 ? 'unknown' : 'kept',
  };
}

function timingsOf({ slaSeconds }: ProbeJob, { series }: RoundResult): Timing[] {
  return series.map((one) => {
    const { operation, sizeBytes, temperature, seconds, tainted } = one;
    return {
      operation,
      size: sizeLabel(sizeBytes),
      keyTemperature: temperature,
      count: seconds.length,
      ...percentiles(seconds),
      target: operation === 'round_trip' ? 2 * slaSeconds : slaSeconds,
      verdict: verdictOn(one),
      tainted,
    };
  });
}

/**
 * Whether the 99th percentile is within the promise, judged by counts: these include disturbed samples with a certain
 * verdict, so a busy machine does not hide a slow service.
 */
export function verdictOn({
  seconds,
  tainted,
  met,
  missed,
}: Pick<OperationTimes, 'seconds' | 'tainted' | 'met' | 'missed'>): PromiseVerdict {
  const all = seconds.length + tainted;
  const allowed = all - Math.ceil(0.99 * all);
  if (missed > allowed) return 'missed';
  return all - met > allowed ? 'unknown' : 'kept';
}

function unknownsOf(timings: readonly Timing[], { uncertain, selfTests, fault, problem }: RoundResult): string[] {
  return [
    ...timings.flatMap(({ verdict, operation, size, keyTemperature, count, tainted }) =>
      verdict === 'unknown'
        ? [`${operation} ${size} ${keyTemperature}: ${tainted} of ${count + tainted} were disturbed, too much to tell`]
        : [],
    ),
    ...uncertain.map(({ operation, reason, count }) => `${operation}: a fault of ours, ${reason} (${count}×)`),
    ...(fault === undefined ? [] : [`nothing could be asked: ${problem ?? fault}`]),
    ...selfTests.flatMap(([test, { outcome, why }]) => (outcome === 'unknown' ? [`${test}: ${why}`] : [])),
  ];
}

/** Why this provider cannot be measured here, with the name of the variable or file; undefined when it can. */
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

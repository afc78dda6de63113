import type { FailureReason, UncertainReason } from '../../pack/portal/outcomes.js';
import { formatMs } from '../runtime/format.js';
import type { PhaseTimes } from '../runtime/measuring/phase-clock.js';
import type { AddressTry } from '../runtime/portal/http/dial.js';
import type { LoginResult } from '../runtime/portal/step-failure.js';

export type { LoginResult } from '../runtime/portal/step-failure.js';

/** One run of a journey, as plain data: it is sent from the measuring thread to the main thread. */
export interface RunResult {
  readonly workflow: string;
  readonly portal: string;
  readonly trigger: RunTrigger;
  /** Wall-clock time of the end, seconds since 1970. Durations come from the monotonic clock. */
  readonly endedAtSeconds: number;
  /** Sum of the steps; logins and waiting for a free slot are left out. */
  readonly durationSeconds: number;
  readonly slaSeconds: number;
  /** No step failed. */
  readonly success: boolean;
  readonly verdict: RunVerdict;
  /** Why the verdict is `uncertain`; absent for other verdicts. */
  readonly uncertain?: UncertainReason;
  readonly tainted: boolean;
  /** Longest time the measuring thread's event loop was late while it measured. */
  readonly latenessMs: number;
  readonly steps: readonly StepResult[];
  readonly logins: readonly LoginResult[];
  readonly log: readonly RunLogLine[];
}

export type RunTrigger = 'schedule' | 'warm-up' | 'probe' | 'command';

/**
 * `uncertain`: the run exceeded its SLA by no more than the measuring thread itself was late, or it failed because of a
 * fault of the exporter. Any other failed run has missed its SLA, and a disturbed run that was still in time has met
 * it, because lateness only adds time.
 */
export type RunVerdict = 'met' | 'missed' | 'uncertain';

export interface StepResult {
  readonly name: string;
  readonly kind: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly reason?: FailureReason;
  /** The failure is the exporter's fault, not the portal's. */
  readonly fault?: UncertainReason;
  /** How long the portal asked the exporter to wait (`Retry-After`), in milliseconds from the end of the step. */
  readonly retryAfterMs?: number;
  /** Readable text; secrets are hidden. */
  readonly detail?: string;
  /** From the start of the run, logins left out. */
  readonly offsetMs: number;
  readonly durationMs: number;
  /** They add up to the duration. Empty when nothing was measured. */
  readonly phases: PhaseTimes;
  readonly retries: number;
  /** Expiry of the verified chain. */
  readonly certificateExpirySeconds?: number;
  /** Expiry of the certificates that were sent in addition. */
  readonly otherCertificateExpirySeconds?: number;
  /** Every address to which a connection was tried. */
  readonly addresses: readonly AddressTry[];
  /** Readable facts about the answer: status, bytes, protocol, address. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface RunLogLine {
  readonly atMs: number;
  readonly message: string;
}

/** Why a run did not meet its SLA, as a readable text. */
export function whatHappened(result: RunResult): string {
  const failed = result.steps.find((step) => step.outcome === 'failed');
  const taken = `took ${formatMs(result.durationSeconds * 1000)} of ${formatMs(result.slaSeconds * 1000)}`;
  if (failed === undefined) return taken;
  const failure = `${failed.name}: ${failed.reason}: ${failed.detail}`;
  // The portal missed the SLA; the exporter's own fault ended the run.
  return result.verdict === 'missed' && failed.fault !== undefined ? `${taken} before ${failure}` : failure;
}

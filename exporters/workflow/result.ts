import type { FailureReason, UncertainReason } from '../../pack/portal/outcomes.js';
import { formatMs } from '../runtime/format.js';
import type { PhaseTimes } from '../runtime/measuring/phase-clock.js';
import type { AddressTry } from '../runtime/portal/http/dial.js';
import type { LoginResult } from '../runtime/portal/step-failure.js';

export { type LoginResult, OurFault, StepFailure } from '../runtime/portal/step-failure.js';

/** One run of a journey, as plain data: it crosses from the measuring thread to the page. */
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
  /** Why nobody can tell; there with the verdict `uncertain` only. */
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
 * `uncertain`: slow, but by no more than the measuring thread was itself late, so nobody can tell; or failed by a fault of
 * ours. Any other failed run has missed whatever the clock says, and a disturbed run that was still in time has met,
 * because lateness only adds.
 */
export type RunVerdict = 'met' | 'missed' | 'uncertain';

export interface StepResult {
  readonly name: string;
  readonly kind: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly reason?: FailureReason;
  /** The failure is ours, not the portal's. */
  readonly fault?: UncertainReason;
  /** How long the portal asked us to wait (`Retry-After`), in milliseconds from the end of the step. */
  readonly retryAfterMs?: number;
  /** For a person; secrets hidden. */
  readonly detail?: string;
  /** From the start of the run, logins left out. */
  readonly offsetMs: number;
  readonly durationMs: number;
  /** They add up to the duration. Empty when nothing was measured. */
  readonly phases: PhaseTimes;
  readonly retries: number;
  /** Of the chain that is verified. */
  readonly certificateExpirySeconds?: number;
  /** Of the certificates that were sent beside it. */
  readonly otherCertificateExpirySeconds?: number;
  /** Every address to which a connection was tried. */
  readonly addresses: readonly AddressTry[];
  /** What the step saw, for a person: status, bytes, protocol, address. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface RunLogLine {
  readonly atMs: number;
  readonly message: string;
}

/** Why a run did not meet its SLA, for a person. */
export function whatHappened(result: RunResult): string {
  const failed = result.steps.find((step) => step.outcome === 'failed');
  const taken = `took ${formatMs(result.durationSeconds * 1000)} of ${formatMs(result.slaSeconds * 1000)}`;
  if (failed === undefined) return taken;
  const failure = `${failed.name}: ${failed.reason}: ${failed.detail}`;
  // The miss is the portal's, and what ended the run is ours.
  return result.verdict === 'missed' && failed.fault !== undefined ? `${taken} before ${failure}` : failure;
}

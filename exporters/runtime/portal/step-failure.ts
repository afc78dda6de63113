import type { FailureReason, UncertainReason } from '../../../pack/portal/outcomes.js';

/** A failed step: a reason from the closed set, and a readable message. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly reason: FailureReason;

  constructor(reason: FailureReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}

/**
 * A failure of the exporter or of its set-up, not of the portal. It gives no information about the portal: the run is
 * neither met nor missed but uncertain, and is counted with this reason.
 */
export class OurFault extends StepFailure {
  readonly fault: UncertainReason;

  constructor(fault: UncertainReason, detail: string, options?: ErrorOptions) {
    super('exporter', detail, options);
    this.fault = fault;
  }
}

/** A required request, such as a login, was answered with `Retry-After`: nothing is sent before that time. */
export class AskedToWait extends StepFailure {
  /** From now, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(reason: FailureReason, detail: string, retryAfterMs: number, options?: ErrorOptions) {
    super(reason, detail, options);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface LoginResult {
  readonly portal: string;
  /** `default` for the portal's `auth`, else one of its identities. */
  readonly identity: string;
  readonly action: 'login' | 'logout';
  readonly outcome: 'success' | 'refused' | 'failed';
  readonly durationMs: number;
  readonly detail?: string;
}

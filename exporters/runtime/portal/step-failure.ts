import type { FailureReason } from '../../../pack/metrics/index.js';

/** A failed step: a reason from the closed set, and a sentence for a person. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly reason: FailureReason;

  constructor(reason: FailureReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}

export interface LoginResult {
  readonly portal: string;
  readonly outcome: 'success' | 'refused' | 'failed';
  readonly durationMs: number;
  readonly detail?: string;
}

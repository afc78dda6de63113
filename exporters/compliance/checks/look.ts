import type { ControlCheck } from '../../../pack/compliance/model/index.js';
import type { CheckFinding } from '../status/finding.js';

export interface LookContext {
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** Looks once. It never rejects for a reason of the source: what cannot be seen is unknown, with the reason. */
export type CheckLook = (context: LookContext) => Promise<CheckFinding>;

/** A kind of check: what it needs is given once, when the board is configured. */
export type LookOf<Kind extends ControlCheck['kind'], Needs> = (
  check: Extract<ControlCheck, { readonly kind: Kind }>,
  needs: Needs,
) => CheckLook;

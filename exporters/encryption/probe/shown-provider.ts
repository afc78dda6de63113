import type { ProbeJob } from './plan.js';
import type { RoundResult } from './protocol.js';

/** What the landing page shows of a provider. */
export interface ShownProvider {
  readonly job: ProbeJob;
  readonly last: RoundResult | undefined;
  /** Why it was down when a round could last judge it; undefined where it was not. */
  readonly outage: string | undefined;
  readonly problem: string | undefined;
}

import type { ProbeJob } from './plan.js';
import type { RoundResult } from './protocol.js';

/** What the landing page shows about a provider. */
export interface ShownProvider {
  readonly job: ProbeJob;
  readonly last: RoundResult | undefined;
  /** Why it was down in the last conclusive round; undefined if it was not. */
  readonly outage: string | undefined;
  readonly problem: string | undefined;
}

import type { ControlCheck } from '../../../pack/compliance/model/index.js';
import type { CheckFinding } from './finding.js';

export interface Settled {
  readonly finding: CheckFinding;
  /** Since when evaluations have found a failure, one after the other; in milliseconds. */
  readonly failingSince: number | undefined;
}

/**
 * A failure counts when evaluations have found it for `failsAfter`; until then the check is at risk. Recovery counts at
 * once. What is unknown in between ends no failure: nothing shows that it was over.
 */
export function settle(
  { failsAfterMs }: Pick<ControlCheck, 'failsAfterMs'>,
  finding: CheckFinding,
  failingSince: number | undefined,
  now: Date,
): Settled {
  if (finding.outcome === 'unknown') return { finding, failingSince };
  if (finding.outcome !== 'fail') return { finding, failingSince: undefined };
  // A clock that was set back must not keep a failure from counting.
  const since = Math.min(failingSince ?? now.getTime(), now.getTime());
  if (now.getTime() - since >= failsAfterMs) return { finding, failingSince: since };
  const reason = `${finding.reason}; it counts as failing after ${failsAfterMs / 1000} s`;
  return { finding: { outcome: 'at_risk', seen: finding.seen, reason }, failingSince: since };
}

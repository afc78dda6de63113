import type { ProbeJob } from './plan.js';
import type { RoundResult } from './protocol.js';

/** After so many turns without a round nobody knows how a provider is. */
const STALE_AFTER_TURNS = 3;

/** What the last round that could judge a provider said of it. */
export interface ProviderVerdict {
  readonly isUp: boolean;
  readonly atSeconds: number;
  /** Why it is down, for a person. */
  readonly problem: string | undefined;
}

/**
 * A round that ended in nothing but a fault of ours proves nothing. It does not end an outage, and what was up is known to
 * be up until that is too old.
 */
export function verdictAfter(
  before: ProviderVerdict | undefined,
  result: Pick<RoundResult, 'fault' | 'isUsable' | 'endedAtSeconds' | 'pauseMs' | 'problem'>,
  job: Pick<ProbeJob, 'probe'>,
): ProviderVerdict | undefined {
  const { isUsable, endedAtSeconds, problem } = result;
  if (result.fault === undefined) return { isUp: isUsable, atSeconds: endedAtSeconds, problem };
  const isTooOld = before !== undefined && endedAtSeconds - before.atSeconds > staleAfterSeconds(job, result);
  return before?.isUp === true && isTooOld ? undefined : before;
}

export function staleAfterSeconds({ probe }: Pick<ProbeJob, 'probe'>, last: Pick<RoundResult, 'pauseMs'>): number {
  return (STALE_AFTER_TURNS * probe.intervalMs + probe.timeoutMs + last.pauseMs) / 1000;
}

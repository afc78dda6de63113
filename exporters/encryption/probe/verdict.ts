import type { ProbeJob } from './plan.js';
import type { RoundResult } from './protocol.js';

/** After this many turns without a round the state of a provider is unknown. */
const STALE_AFTER_TURNS = 3;

/** The result of the last conclusive round of a provider. */
export interface ProviderVerdict {
  readonly isUp: boolean;
  readonly atSeconds: number;
  /** Why it is down, as a readable text. */
  readonly problem: string | undefined;
}

/**
 * A round that failed only because of a fault of the exporter proves nothing. It does not end an outage, and a provider
 * that was up counts as up until that result is too old.
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

import { z } from 'zod';
import type { epochReasons } from '../../../../pack/audit-trail/metrics.js';
import type { Facts } from '../../database/facts.js';
import type { DeepReadonly } from '../../deep-readonly.js';

export type EpochReason = (typeof epochReasons)[number];

/**
 * Counters can be compared only within one run of one server's statistics. What the host does not let us see is left
 * out on both sides, which makes a restore harder to notice; `evidence.ts` says so.
 */
export const epochKeySchema = z.object({
  system: z.string().optional(),
  timeline: z.number().optional(),
  postmasterStart: z.string(),
  statsReset: z.string().optional(),
  tracksCalls: z.boolean(),
});
export type EpochKey = DeepReadonly<z.infer<typeof epochKeySchema>>;

export function epochKey(facts: Facts): EpochKey {
  return {
    ...(facts.system === undefined ? {} : { system: facts.system }),
    ...(facts.timeline === undefined ? {} : { timeline: facts.timeline }),
    postmasterStart: facts.postmasterStart,
    ...(facts.statsReset === undefined ? {} : { statsReset: facts.statsReset }),
    tracksCalls: tracksCalls(facts),
  };
}

export function tracksCalls({ trackFunctions }: Facts): boolean {
  return trackFunctions === 'pl' || trackFunctions === 'all';
}

/** The most important difference; undefined within the same epoch. */
export function epochDifference(before: EpochKey | undefined, now: EpochKey): EpochReason | undefined {
  if (before === undefined) return 'start';
  if (before.system !== undefined && now.system !== undefined && before.system !== now.system) return 'system';
  if (before.timeline !== undefined && now.timeline !== undefined && before.timeline !== now.timeline)
    return 'timeline';
  if (before.postmasterStart !== now.postmasterStart) return 'postmaster_restart';
  if (before.statsReset !== now.statsReset || before.tracksCalls !== now.tracksCalls) return 'stats_reset';
  return undefined;
}

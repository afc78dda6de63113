/**
 * Twice the SLA, and at least five seconds more, so that a late run is measured and not only cut off; but at most the
 * interval, so that a hanging portal does not also cost the next run.
 */
export function defaultTimeoutMs(slaMs: number, intervalMs: number): number {
  return Math.min(Math.max(2 * slaMs, slaMs + 5000), intervalMs);
}

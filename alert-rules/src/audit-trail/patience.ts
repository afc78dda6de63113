/**
 * How long something may take before it is late: for each trail by its own pace, which its exporter tells. One that is
 * polled once a day must not make the alerts of another blind for days.
 */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { plainNumber } from '../promql.js';
import { ofTrail } from './owner.js';
import { auditSettings } from './settings.js';

const { polled, checks, seal } = auditSettings;

/** Seconds without a poll. */
export const pollPatience = patience(polled.polls, m.pollInterval.name, polled.leastSeconds);

/** Seconds without a result of an exact check. */
export const checkPatience = patience(checks.rounds, m.confirmInterval.name, checks.leastSeconds);

/** Seconds without a checkpoint, or with records that no checkpoint covers. */
export const sealPatience = patience(seal.intervals, m.sealInterval.name, seal.leastSeconds);

function patience(times: number, interval: string, leastSeconds: number): string {
  return `clamp_min(${times} * max ${ofTrail} (${interval}), ${plainNumber(leastSeconds)})`;
}

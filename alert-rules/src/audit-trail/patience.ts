/** How long something may take before it is late: for the slowest of the described trails, because all share one rule. */
import type { Pack } from '../../../pack/model.js';
import { auditSettings } from './settings.js';

/** Seconds without a quick look. */
export function lookPatience({ auditTrails }: Pack): number {
  const { looks, leastSeconds } = auditSettings.looked;
  return Math.max(leastSeconds, ...auditTrails.map(({ observe }) => (looks * observe.intervalMs) / 1_000));
}

/** Seconds without a result of an exact check. */
export function checkPatience({ auditTrails }: Pack): number {
  const { rounds, leastSeconds } = auditSettings.checks;
  return Math.max(leastSeconds, ...auditTrails.map(({ observe }) => (rounds * observe.confirmIntervalMs) / 1_000));
}

/** Seconds without a checkpoint, or with records that no checkpoint covers. */
export function sealPatience({ auditTrails }: Pack): number {
  const { intervals, leastSeconds } = auditSettings.seal;
  return Math.max(leastSeconds, ...auditTrails.map(({ seal }) => (intervals * (seal?.intervalMs ?? 0)) / 1_000));
}

import type { Pack } from '../../../pack/index.js';
import { type AlertSpec, alertRule } from '../policy.js';
import type { AlertRule } from '../rule.js';
import { trailDashboardPath } from './dashboards.js';
import { withTeam } from './owner.js';

/** An alert about a trail: belongs to the trail's team, and leads to its dashboard. */
export function trailAlert(pack: Pack, spec: Omit<AlertSpec, 'dashboard' | 'team'>): AlertRule {
  return alertRule(pack, { ...spec, expr: withTeam(spec.expr), dashboard: trailDashboardPath });
}

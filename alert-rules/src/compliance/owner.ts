import { complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { type AlertSpec, alertRule, operatingTeam } from '../policy.js';
import { promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { complianceDashboardPath } from './dashboards.js';

export const ofPortal = 'by (portal)';
export const ofControl = 'by (portal, control)';

type Spec = Omit<AlertSpec, 'dashboard' | 'team'>;

/**
 * About a control: belongs to the team that its catalogue or profile names.
 *
 * @param matcher of the controls that it is about, such as `{severity="critical"}`
 */
export function controlAlert(pack: Pack, spec: Spec, matcher = ''): AlertRule {
  const expr = promql`
    (
      ${spec.expr}
    )
    * on (portal, control) group_left (team, title)
    max by (portal, control, team, title) (${r.controlIdentity.name}${matcher})
  `;
  return alertRule(pack, { ...spec, expr, dashboard: complianceDashboardPath });
}

/** About a board, its waivers, changes and registers: belongs to the team of the board. */
export function boardAlert(pack: Pack, spec: Spec): AlertRule {
  const expr = promql`
    (
      ${spec.expr}
    )
    * on (portal) group_left (team)
    max by (portal, team) (${r.identity.name})
  `;
  return alertRule(pack, { ...spec, expr, dashboard: complianceDashboardPath });
}

/** About the exporter's own work: belongs to whoever runs it. */
export function ownAlert(pack: Pack, spec: Spec): AlertRule {
  return alertRule(pack, { ...spec, team: operatingTeam(pack), dashboard: complianceDashboardPath });
}

/** What the controls say, to the teams that answer for them. */
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { alertRule } from '../policy.js';
import { promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { complianceDashboardPath } from './dashboards.js';
import { controlAlert } from './owner.js';
import { registerTold } from './registers.js';
import { complianceSettings } from './settings.js';

export function controlAlerts(pack: Pack): readonly AlertRule[] {
  return [
    failing(pack, '{severity="critical"}', 'critical'),
    // Also where relabelling dropped what the control is: it must not fail unnoticed.
    failing(pack, '{severity!~"critical|low"}', 'medium'),
    failing(pack, '{severity="low"}', 'low'),
    unknown(pack),
    atRisk(pack),
  ];
}

/** Only a critical control wakes somebody. */
function failing(pack: Pack, matcher: string, priority: 'critical' | 'medium' | 'low'): AlertRule {
  return controlAlert(
    pack,
    {
      name: 'ComplianceControlFailing',
      priority,
      forSeconds: complianceSettings.failingForSeconds,
      expr: `${r.controlState.name} == ${controlStates.nonCompliant}`,
      summary: 'A compliance control fails, and no waiver covers it.',
      description:
        'Control {{ $labels.control }} of {{ $labels.portal }} fails: {{ $labels.title }}. What its checks saw is on the ' +
        "exporter's page and in /api/v1/controls.",
    },
    matcher,
  );
}

/**
 * One for a team, however many controls: a source that is gone takes all of its controls with it. What is unknown because
 * its register cannot be read is told of the register.
 */
function unknown(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'ComplianceControlsUnknown',
    priority: 'medium',
    forSeconds: complianceSettings.unknownForSeconds,
    expr: promql`
      count by (portal, team) (
        (
          ${r.controlState.name} == ${controlStates.unknown}
          unless on (portal, control) ${registerTold}
        )
        * on (portal, control) group_left (team)
        max by (portal, control, team) (${r.controlIdentity.name})
      )
    `,
    summary: 'Nobody knows whether some compliance controls are met: there is no evidence, or it is too old.',
    description:
      '{{ $value | humanize }} controls of {{ $labels.portal }} that {{ $labels.team }} answers for are unknown. The board says of ' +
      'each what is missing.',
    dashboard: complianceDashboardPath,
  });
}

function atRisk(pack: Pack): AlertRule {
  return controlAlert(pack, {
    name: 'ComplianceControlAtRisk',
    priority: 'low',
    forSeconds: complianceSettings.atRiskForSeconds,
    expr: `${r.controlState.name} == ${controlStates.atRisk}`,
    summary: 'A compliance control is met, and near its limit.',
    description: 'Control {{ $labels.control }} of {{ $labels.portal }} is at risk: {{ $labels.title }}.',
  });
}

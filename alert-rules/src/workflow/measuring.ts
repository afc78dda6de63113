/** Whether the SLA is being measured at all. No data is never good news. */

import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { workflowRecorded as r } from '../../../pack/workflow/recorded.js';
import { alertRule, operatingTeam } from '../policy.js';
import { unheardOf } from '../presence.js';
import { atLeast, plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';
import { portalDashboardPath, workflowDashboardPath } from './dashboards.js';
import { patience, withOwner } from './presence.js';
import { workflowSettings } from './settings.js';

export function measuringAlerts(pack: Pack): readonly AlertRule[] {
  return [noData(pack), stalled(pack), tainted(pack), dropped(pack), ownFault(pack)];
}

function noData(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'WorkflowSlaNoData',
    priority: 'medium',
    forSeconds: pack.alerting.noDataForSeconds,
    expr: unheardOf('portal, workflow', 'team, tier', r.lastSeen, m.runs.name),
    summary: 'A workflow is no longer measured: nobody knows whether its SLA is met.',
    description:
      'Nothing has been heard of {{ $labels.workflow }} on {{ $labels.portal }} for {{ $value | humanizeDuration }}, and the ' +
      'exporter that measured it is down, or its collector fails.',
    dashboard: workflowDashboardPath,
  });
}

function stalled(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'WorkflowSlaStalled',
    priority: 'high',
    forSeconds: workflowSettings.stalledForSeconds,
    expr: withOwner(promql`
      time() - ${r.lastActivity.name}
      > on (portal, workflow)
      ${patience(pack)}
    `),
    summary: 'The exporter is up, but a workflow is no longer run.',
    description:
      'No run of {{ $labels.workflow }} on {{ $labels.portal }} has ended for {{ $value | humanizeDuration }}, although its ' +
      'exporter answers. Its SLA is not being measured.',
    dashboard: workflowDashboardPath,
  });
}

function tainted(pack: Pack): AlertRule {
  const { windowSeconds, ratio, forSeconds } = workflowSettings.tainted;
  const range = windowOf(windowSeconds);
  const count = (metric: string) => `sum by (portal, workflow) (increase(${metric}[${range}]))`;
  return alertRule(pack, {
    name: 'WorkflowMeasurementTainted',
    priority: 'medium',
    forSeconds,
    expr: withOwner(promql`
      ${count(m.runsTainted.name)}
      / (${count(m.runsUncertain.name)} + ${count(m.runs.name)} > 0)
      > ${plainNumber(ratio)}
    `),
    summary: 'The exporter is too busy to measure a workflow.',
    description:
      `{{ $value | humanizePercentage }} of the measurements of {{ $labels.workflow }} on {{ $labels.portal }} in the last ${range} ` +
      'were disturbed by the exporter itself. They are missing from the histograms, and those that nobody can judge from the SLA too.',
    dashboard: workflowDashboardPath,
  });
}

function dropped(pack: Pack): AlertRule {
  const { windowSeconds, ratio, minimum, forSeconds } = workflowSettings.dropped;
  const range = windowOf(windowSeconds);
  // A request that stays open is a missed turn, not a dropped one; shutting down is no news.
  const drops = `sum by (portal, workflow) (increase(${m.runsDropped.name}{reason=~"overlap|busy"}[${range}]))`;
  const done = [m.runs, m.runsUncertain]
    .map(({ name }) => `sum by (portal, workflow) (increase(${name}[${range}]))`)
    .join(' + ');
  return alertRule(pack, {
    name: 'WorkflowRunsDropped',
    priority: 'medium',
    forSeconds,
    expr: withOwner(promql`
      ${drops}
      / (${drops} + ${done} > 0)
      > ${plainNumber(ratio)}
      and
      ${drops} ${atLeast(minimum)}
    `),
    summary: 'A workflow is run less often than its schedule says.',
    description:
      `{{ $value | humanizePercentage }} of the runs of {{ $labels.workflow }} on {{ $labels.portal }} that were due in the last ` +
      `${range} did not start, because the run before had not ended or the portal already had its share of requests.`,
    dashboard: workflowDashboardPath,
  });
}

/** What stands between us and a portal, and is ours to mend. The runs count neither for nor against it. */
function ownFault(pack: Pack): AlertRule {
  const { windowSeconds, forSeconds } = settings.ownFault;
  // A workflow that is run each hour tells of a fault each hour, and the alert must not come and go with that.
  const slowestSeconds = Math.max(0, ...pack.workflows.map(({ schedule }) => schedule.intervalMs / 1000));
  const range = windowOf(Math.max(windowSeconds, 2 * Math.ceil(slowestSeconds / 60) * 60));
  return alertRule(pack, {
    name: 'WorkflowExporterFault',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds,
    expr: promql`
      sum by (portal, reason) (increase(${m.runsUncertain.name}{reason!="event-loop"}[${range}])) ${atLeast(1)}
      or
      label_replace(max by (portal) (${m.tlsFilesStale.name}) > 0, "reason", "client-certificate", "", "")
    `,
    summary: 'The exporter itself, or what it was set up with, stands between it and a portal.',
    description:
      `Fault of ours on the way to {{ $labels.portal }} in the last ${range}: {{ $labels.reason }}. Runs that it broke are uncertain: ` +
      'neither met nor missed. Nobody measures what they would have told.',
    dashboard: portalDashboardPath,
  });
}

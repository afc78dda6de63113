import type { Pack } from '../../../pack/index.js';
import { foreignSeries } from '../../../pack/metrics/foreign.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { workflowRecorded as r, workflowStates } from '../../../pack/workflow/recorded.js';
import { atLeast, plainNumber, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { settings } from '../settings.js';
import { patience } from './presence.js';
import { notKnown } from './recordings.js';
import { workflowSettings } from './settings.js';

/**
 * One number for each workflow, so that dashboards need not judge. `or` takes the first that applies: broken stays broken
 * while nobody looks, and whatever was good is not known to be so any more.
 */
export function stateRecording(pack: Pack): RecordingRule {
  const burning = (matchers: string) =>
    `${foreignSeries.alerts.name}{alertname="WorkflowSlaBurn", alertstate="firing"${matchers}}`;
  // One early miss of ten runs overspends any budget: that is a risk. To be broken, as for the alerts, a minimum has
  // to have missed.
  const missedEnough = `last_over_time(${r.periodMissed.name}[${windowOf(3 * settings.sliceSeconds)}]) ${atLeast(pack.alerting.minimumMissedRuns)}`;
  return {
    record: r.state,
    expr: promql`
      ${workflowStates.broken} * (
        max by (portal, workflow) (${burning(', severity="critical"')})
        or
        count by (portal, workflow) (${r.budgetRemaining.name} < 0 and ${missedEnough})
      )
      or
      ${workflowStates.noData} * (
        max by (portal, workflow) (${r.identity.name})
        unless
        (time() - (max by (portal, workflow) (${m.lastRun.name}) > 0) < ${patience(pack)})
      )
      or
      ${workflowStates.notKnown} * count by (portal, workflow) (
        (
          ${notKnown}
        )
        and on (portal, workflow) ${r.identity.name}
      )
      or
      ${workflowStates.notKnown} * (
        max by (portal, workflow) (${r.identity.name})
        unless
        ${r.attainment.name}
      )
      or
      ${workflowStates.atRisk} * (
        max by (portal, workflow) (${burning('')})
        or
        count by (portal, workflow) (${r.budgetRemaining.name} < ${plainNumber(workflowSettings.atRiskBudgetRatio)})
      )
      or
      ${workflowStates.met} * max by (portal, workflow) (${r.identity.name})
    `,
  };
}

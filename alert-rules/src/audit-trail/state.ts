import { auditTableStates, auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditTableCodes, auditTrailStates, auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import { foreignSeries } from '../../../pack/metrics/foreign.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { ofTable, ofTrail } from './owner.js';
import { isCutOff, isPolled, lastKnown } from './presence.js';
import { auditSettings } from './settings.js';

/** One number for each table and each trail, so that dashboards need not judge. */
export function stateRecordings(): readonly RecordingRule[] {
  return [tableState(), trailState()];
}

function tableState(): RecordingRule {
  const one = (state: (typeof auditTableStates)[number]) =>
    `${auditTableCodes[state]} * (max ${ofTable} (${m.tableState.name}{state="${state}"}) == 1)`;
  const memory = windowOf(auditSettings.polled.leastSeconds);
  return {
    record: r.tableState,
    expr: promql`
      (
        ${auditTableStates.map(one).join('\nor\n')}
      )
      and on (portal, trail) ${isPolled}
      or
      ${auditTableCodes.noData} * (
        (last_over_time(${r.tableState.name}[${memory}]) > bool 0)
        unless on (portal, trail) ${isPolled}
      )
      and on (portal, trail) ${r.identity.name}
    `,
  };
}

/** `or` takes the first that applies. A proven fault outranks what is unknown beside it, but nobody looking does not. */
function trailState(): RecordingRule {
  const alerts = `${foreignSeries.alerts.name}{alertname=~"Audit.+", alertstate="firing", severity!="info"}`;
  const anyTable = (...states: readonly (keyof typeof auditTableCodes)[]) =>
    states
      .map((state) => `(count ${ofTrail} (${r.tableState.name} == ${auditTableCodes[state]}) > bool 0)`)
      .join(' or ');
  return {
    record: r.state,
    expr: promql`
      ${auditTrailStates.noData} * (max ${ofTrail} (${r.identity.name}) unless ${isPolled})
      or
      ${auditTrailStates.absent} * max ${ofTrail} (${r.absent.name})
      or
      ${auditTrailStates.broken} * (
        ${anyTable('confirmed')}
        or
        (sum ${ofTrail} (${m.verificationFailures.name}) > bool 0 == 1)
        or
        (sum ${ofTrail} (${lastKnown('by (portal, trail, kind)', m.retentionViolations.name)}) > bool 0 == 1)
      )
      or
      ${auditTrailStates.unproven} * (
        ${anyTable('unknown', 'noData')}
        or
        ${isCutOff}
      )
      or
      ${auditTrailStates.atRisk} * (
        max ${ofTrail} (${alerts})
        or
        ${anyTable('suspect')}
        or
        (max ${ofTrail} (${m.tablesInScope.name}) > bool max ${ofTrail} (${m.tablesCovered.name}) == 1)
      )
      or
      ${auditTrailStates.proven} * max ${ofTrail} (${r.identity.name})
    `,
  };
}

/** Whether the exporter can be relied on: evidence, its seal, the evaluator. */
import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { runtimeMetrics } from '../../../pack/metrics/index.js';
import { alertRule } from '../policy.js';
import { since, unheardOf } from '../presence.js';
import { plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { complianceDashboardPath } from './dashboards.js';
import { ofControl, ofPortal, ownAlert } from './owner.js';
import { complianceSettings } from './settings.js';

export function evaluationAlerts(pack: Pack): readonly AlertRule[] {
  return [
    prometheusDown(pack),
    databaseDown(pack),
    evidenceNotKept(pack),
    evidenceNotSealed(pack),
    notEvaluated(pack),
    evaluatorWrong(pack),
    evaluatorNotExamined(pack),
    noData(pack),
  ];
}

/** One cause of many unknown controls, told once and to those who can end it. */
function prometheusDown(pack: Pack): AlertRule {
  return ownAlert(pack, {
    name: 'CompliancePrometheusDown',
    priority: 'medium',
    forSeconds: complianceSettings.sourceForSeconds,
    expr: `max ${ofPortal} (${m.prometheusUp.name}) == 0`,
    summary: 'The Prometheus that compliance checks ask does not answer, so what they look at is unknown.',
    description:
      'The exporter cannot ask the Prometheus of the board of {{ $labels.portal }}. Controls that rest on it are unknown until it ' +
      'answers.',
  });
}

function databaseDown(pack: Pack): AlertRule {
  return ownAlert(pack, {
    name: 'ComplianceDatabaseDown',
    priority: 'medium',
    forSeconds: complianceSettings.sourceForSeconds,
    expr: `max by (portal, database) (${m.databaseUp.name}) == 0`,
    summary: 'A database of compliance checks and registers cannot be reached, so what is in it is unknown.',
    description:
      'The exporter cannot reach the database {{ $labels.database }} of the board of {{ $labels.portal }}. Controls and registers ' +
      'that rest on it are unknown until it answers.',
  });
}

function evidenceNotKept(pack: Pack): AlertRule {
  return ownAlert(pack, {
    name: 'ComplianceEvidenceNotKept',
    priority: 'high',
    forSeconds: complianceSettings.evidenceForSeconds,
    expr: `max ${ofPortal} (${m.evidenceKept.name}) == 0`,
    summary: 'Evaluations of compliance controls cannot be kept, so every control is unknown.',
    description:
      'The evidence store of {{ $labels.portal }} cannot be written to. What was found could not be shown later, so nothing is claimed.',
  });
}

function evidenceNotSealed(pack: Pack): AlertRule {
  const { staleSeconds, forSeconds } = complianceSettings.seal;
  return ownAlert(pack, {
    name: 'ComplianceEvidenceNotSealed',
    priority: 'medium',
    forSeconds,
    expr: promql`
      time() - max ${ofPortal} (
        ${m.evidenceSealed.name}
        or
        (${m.sealConfigured.name} > bool 1) + on (job, instance) group_left () ${runtimeMetrics.configReloadSuccess.name}
      ) > ${staleSeconds}
      and on (portal) (max ${ofPortal} (${m.sealConfigured.name}) == 1)
    `,
    summary: 'Evidence of compliance controls is to be sealed, and no checkpoint has come for long.',
    description:
      'The newest checkpoint over the evidence of {{ $labels.portal }} is {{ $value | humanizeDuration }} old. Evaluations since then ' +
      'could be altered without a trace.',
  });
}

/** Each evaluation has a timeout, so a single control that is not evaluated is a fault of the exporter. */
function notEvaluated(pack: Pack): AlertRule {
  const { leastSeconds, forSeconds } = complianceSettings.evaluation;
  const age = promql`
    time() - max ${ofControl} (
      ${since(m.evaluated.name)}
    )
  `;
  return ownAlert(pack, {
    name: 'ComplianceNotEvaluated',
    priority: 'medium',
    forSeconds,
    expr: promql`
      count ${ofPortal} (
        ${age}
        > clamp_min(max ${ofControl} (${m.evidenceMaxAge.name}), ${leastSeconds})
      )
    `,
    summary: 'The exporter is up, but compliance controls are no longer evaluated.',
    description:
      '{{ $value | humanize }} controls of {{ $labels.portal }} were not evaluated for longer than their evidence may be old.',
  });
}

function evaluatorWrong(pack: Pack): AlertRule {
  return ownAlert(pack, {
    name: 'ComplianceEvaluatorWrong',
    priority: 'high',
    expr: `min ${ofPortal} (${m.accuracy.name}) < ${plainNumber(complianceSettings.accuracyRatio)}`,
    summary: 'The evaluator of compliance controls gets known answers wrong; no state can be relied on.',
    description:
      'Only {{ $value | humanizePercentage }} of the known answers of {{ $labels.portal }} were right. The log of the exporter names ' +
      'the wrong ones.',
  });
}

function evaluatorNotExamined(pack: Pack): AlertRule {
  const { staleSeconds, forSeconds } = complianceSettings.examination;
  return ownAlert(pack, {
    name: 'ComplianceEvaluatorNotExamined',
    priority: 'medium',
    forSeconds,
    expr: promql`
      time() - max ${ofPortal} (
        ${since(m.examined.name)}
      ) > ${staleSeconds}
    `,
    summary: 'The evaluator of compliance controls has not been examined for long.',
    description:
      'Nobody has asked the evaluator of {{ $labels.portal }} known answers for {{ $value | humanizeDuration }}. Whether its states are ' +
      'right is not known.',
  });
}

function noData(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'ComplianceNoData',
    priority: 'medium',
    forSeconds: pack.alerting.noDataForSeconds,
    expr: unheardOf('portal, board', 'team', r.lastSeen, m.board.name),
    summary: 'A compliance board is no longer evaluated: nobody knows the state of its controls.',
    description:
      'Nothing has been heard of the board {{ $labels.board }} of {{ $labels.portal }} for {{ $value | humanizeDuration }}, and the ' +
      'exporter that evaluated it is down, or its collector fails.',
    dashboard: complianceDashboardPath,
  });
}

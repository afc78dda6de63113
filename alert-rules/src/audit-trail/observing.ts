/** Whether anybody polls, and how much can be seen. No data is never good news. */

import { type CheckName, checkNames, auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { alertRule, operatingTeam } from '../policy.js';
import { since, unheardOf } from '../presence.js';
import { promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { trailDashboardPath } from './dashboards.js';
import { checkPatience, pollPatience } from './patience.js';
import { hasNoRecords, isCutOff, lastKnown } from './presence.js';
import { auditSettings } from './settings.js';
import { trailAlert } from './spec.js';
import { isWrittenByTrigger, trailsThat } from './trails.js';

export function observingAlerts(pack: Pack): readonly AlertRule[] {
  return [
    noData(pack),
    checkStale(pack),
    evidenceUnknown(pack),
    evidenceDegraded(pack),
    witnessRetainsLog(pack),
    stateOrphaned(pack),
  ];
}

function noData(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'AuditTrailNoData',
    priority: 'medium',
    forSeconds: pack.alerting.noDataForSeconds,
    expr: unheardOf('portal, trail', 'team', r.lastSeen, m.info.name),
    summary: 'An audit trail is no longer watched: nobody knows whether it is complete.',
    description:
      'Nothing has been heard of the trail {{ $labels.trail }} on {{ $labels.portal }} for {{ $value | humanizeDuration }}, and the ' +
      'exporter that watched it is down, or its collector fails.',
    dashboard: trailDashboardPath,
  });
}

function stateOrphaned(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'AuditStateOrphaned',
    priority: 'medium',
    forSeconds: auditSettings.orphanedForSeconds,
    team: operatingTeam(pack),
    expr: `max by (state) (${m.orphanedFaults.name}) > 0`,
    summary: 'Proven faults of an audit trail belong to a name that the description no longer has.',
    description:
      'The trail {{ $labels.state }} was renamed or removed, and what is kept of it holds {{ $value | humanize }} faults that nobody ' +
      'declared. Its own alerts ended with its name.',
    dashboard: trailDashboardPath,
  });
}

/** Checks with a pace of their own, or that not every trail has. All others read the records in each round. */
const otherChecks: readonly CheckName[] = ['tripwires', 'exposure', 'witness', 'comparisons'];
const recordChecks = checkNames.filter((name) => !otherChecks.includes(name));

function checkStale(pack: Pack): AlertRule {
  const { forSeconds } = auditSettings.checks;
  const age = (check: string) => promql`
    time() - max by (portal, trail, check) (
      ${since(`${m.lastCheck.name}{check${check}}`)}
    )
  `;
  const isLate = (ages: string, patience: string) => `${ages} > on (portal, trail) group_left () ${patience}`;
  const compared = trailsThat(pack, ({ comparisons }) => comparisons.length > 0);
  const witnessed = trailsThat(pack, ({ witness }) => witness !== undefined);
  const late = (check: string, trails: string | undefined) =>
    trails === undefined ? [] : [isLate(age(`${check}${trails}`), checkPatience)];
  return trailAlert(pack, {
    name: 'AuditCheckStale',
    priority: 'high',
    forSeconds,
    // What cannot be read cannot be checked; the evidence says so, once.
    expr: promql`
      (
        ${isLate(age('="tripwires"'), pollPatience)}
        or
        ${[...late('="exposure"', ''), ...late('="comparisons"', compared)].join('\nor\n')}
        or
        (
          ${[...late(`=~"${recordChecks.join('|')}"`, ''), ...late('="witness"', witnessed)].join('\nor\n')}
        )
        unless on (portal, trail) ${hasNoRecords}
      )
      unless on (portal, trail) ${isCutOff}
    `,
    summary: 'The exporter is up, but one of its checks of an audit trail has no results any more, or never had.',
    description:
      'The check {{ $labels.check }} of the trail {{ $labels.trail }} on {{ $labels.portal }} last had a result ' +
      '{{ $value | humanizeDuration }} ago, or the exporter has been up for that long without one.',
  });
}

/** Sources that a trail does not have cannot be missed; everything else can. */
function missedSources(pack: Pack): readonly string[] {
  const some = (source: string, matcher: string | undefined) =>
    matcher === undefined ? [] : [`source="${source}"${matcher}`];
  return [
    'source!~"connection|counters|seal|witness"',
    ...some('counters', trailsThat(pack, isWrittenByTrigger)),
    ...some(
      'seal',
      trailsThat(pack, ({ seal }) => seal !== undefined),
    ),
    ...some(
      'witness',
      trailsThat(pack, ({ witness }) => witness !== undefined),
    ),
  ];
}

function evidenceUnknown(pack: Pack): AlertRule {
  const each = (matcher: string) =>
    `max by (portal, trail, source) (${m.evidenceState.name}{state="unknown", ${matcher}}) == 1`;
  return trailAlert(pack, {
    name: 'AuditEvidenceUnknown',
    priority: 'medium',
    forSeconds: auditSettings.evidence.unknownForSeconds,
    expr: promql`
      ${each('source="connection"')}
      or
      (
        ${missedSources(pack).map(each).join('\nor\n')}
      )
      unless on (portal, trail) ${isCutOff}
      unless on (portal, trail) ${r.absent.name}
    `,
    summary: 'A source of evidence about an audit trail cannot be seen, so that what rests on it is unknown.',
    description:
      'The source {{ $labels.source }} of the trail {{ $labels.trail }} on {{ $labels.portal }} says nothing. `kop audit status` ' +
      'prints why, and the GRANT or setting that mends it.',
  });
}

function evidenceDegraded(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditEvidenceDegraded',
    priority: 'low',
    forSeconds: auditSettings.evidence.degradedForSeconds,
    expr: promql`
      max by (portal, trail, source) (${m.evidenceState.name}{state="degraded"}) == 1
      unless on (portal, trail) ${r.absent.name}
    `,
    summary: 'A source of evidence about an audit trail says less than it could.',
    description:
      'The source {{ $labels.source }} of the trail {{ $labels.trail }} on {{ $labels.portal }} works with a lack. ' +
      '`kop audit status` prints which, and the GRANT or setting that mends it.',
  });
}

function witnessRetainsLog(pack: Pack): AlertRule {
  const { bytes, shareOfLimit, forSeconds } = auditSettings.witnessRetained;
  // The witness has a connection of its own.
  const last = (series: string) => lastKnown('by (portal, trail)', series, 'connection|catalogue|witness');
  const retained = last(m.witnessRetained.name);
  return trailAlert(pack, {
    name: 'AuditWitnessRetainsLog',
    priority: 'medium',
    forSeconds,
    expr: promql`
      ${retained} > ${String(bytes)}
      or
      ${retained} > ${String(shareOfLimit)} * ${last(m.witnessRetainedLimit.name)}
    `,
    summary:
      "The database keeps more and more of its write-ahead log for the audit trail's witness, which does not read it.",
    description:
      'For the trail {{ $labels.trail }} on {{ $labels.portal }} the server keeps {{ $value | humanize1024 }}B. It may fill the disk, or ' +
      'the server gives the slot up at `max_slot_wal_keep_size`, and those changes can never be counted.',
  });
}

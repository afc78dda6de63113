/** Whether every change has its record: what was proven to be wrong, and what points to it. */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { events, plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';
import { ofTable, ofTrail } from './owner.js';
import { isCutOff, lastKnown } from './presence.js';
import { auditSettings } from './settings.js';
import { trailAlert } from './spec.js';

const event = windowOf(settings.eventSeconds);
/** Beyond the window of events, so that the first of a table is over. */
const before = windowOf(settings.eventSeconds + 600);

export function completenessAlerts(pack: Pack): readonly AlertRule[] {
  return [
    broken(pack),
    growing(pack),
    unproven(pack),
    counters(pack),
    unaccounted(pack),
    continuity(pack),
    replay(pack),
    witness(pack),
    comparisons(pack),
  ];
}

const isConfirmed = `max ${ofTable} (${m.tableState.name}{state="confirmed"})`;

function broken(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditTrailBroken',
    priority: 'critical',
    // No waiting: the exporter confirms a fault only after exact checks.
    expr: `${isConfirmed} == 1`,
    summary: 'It is proven that an audit trail does not say what happened to a table.',
    description:
      'Changes of {{ $labels.table }} on {{ $labels.portal }} are missing in its audit trail {{ $labels.trail }}, or records were ' +
      'forged or altered. This stays until a person has looked into it and declared a new baseline.',
  });
}

function growing(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditFaultsGrowing',
    priority: 'critical',
    // The first fault of a table is told by AuditTrailBroken; this is for those that come while it is investigated.
    expr: promql`
      round(sum ${ofTable} (
        increase(${m.missing.name}[${event}])
        or
        label_replace(increase(${m.unexplained.name}[${event}]), "kind", "unexplained", "", "")
      )) > 0
      and on (portal, trail, table)
      (${m.tableState.name}{state="confirmed"} offset ${before} == 1)
      and on (portal, trail, table)
      (${m.tableState.name}{state="confirmed"} == 1)
    `,
    summary: 'A table whose audit trail is known to be broken loses more records, or gets more forged ones.',
    description:
      `{{ $value | humanize }} more faults in the trail of {{ $labels.table }} on {{ $labels.portal }} were confirmed in the last ` +
      `${event}. The cause goes on.`,
  });
}

function unproven(pack: Pack): AlertRule {
  const { fullScans, leastSeconds } = auditSettings.unproven;
  return trailAlert(pack, {
    name: 'AuditTablesUnproven',
    priority: 'medium',
    expr: promql`
      count ${ofTrail} (
        time() - ${r.unprovenSince.name}
        > on (portal, trail) group_left ()
        (
          clamp_min(${fullScans} * max ${ofTrail} (${m.fullScanPeriod.name}{sweep="replay"}), ${leastSeconds})
          or
          ${leastSeconds} * max ${ofTrail} (${r.identity.name})
        )
      )
      unless on (portal, trail) ${r.absent.name}
      unless on (portal, trail) ${isCutOff}
    `,
    summary: 'For some tables nobody can say whether their audit trail is complete.',
    description:
      '{{ $value | humanize }} tables of {{ $labels.portal }} have been suspect or unknown for longer than two whole sweeps of ' +
      'their trail {{ $labels.trail }} take, and for more than an hour. Unknown is not fine.',
  });
}

function counters(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditCountersDisagree',
    priority: 'high',
    forSeconds: auditSettings.countersForSeconds,
    // A page from a fast check, which the other invariants never are: nothing but a changed or forged record moves these two.
    expr: `max by (portal, trail, invariant) (abs(${m.counterMismatch.name}{invariant=~"records_sequence|records_mutated"})) > 0`,
    summary: 'Audit records were changed, removed, or inserted with ids that were never given out.',
    description:
      'The equality {{ $labels.invariant }} of the trail {{ $labels.trail }} on {{ $labels.portal }} is off by ' +
      '{{ $value | humanize }}, which normal operation cannot do. It stays until a baseline of the whole trail is declared.',
  });
}

function unaccounted(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditChangesUnaccounted',
    // Never a page: a statement that failed midway looks like this, too.
    priority: 'medium',
    forSeconds: auditSettings.unaccountedForSeconds,
    expr: `max by (portal, trail) (${m.unaccounted.name}) > 0`,
    summary: 'Counters show changes of audited tables that left nothing which could be compared with the records.',
    description:
      '{{ $value | humanize }} changes of the trail {{ $labels.trail }} on {{ $labels.portal }} were counted and are neither ' +
      'confirmed nor explained: statements that failed midway, or rows that were inserted and deleted unrecorded. This stays ' +
      'until a person has looked into it and declared a baseline of the whole trail.',
  });
}

function continuity(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditContinuityBreak',
    priority: 'high',
    expr: events(ofTable, `increase(${m.continuityBreaks.name}[${event}])`),
    summary: 'Between two audit records of a row, something happened to it that has no record.',
    description:
      `{{ $value | humanize }} records of {{ $labels.table }} on {{ $labels.portal }} that came in the last ${event} do not continue ` +
      'from the record before them.',
  });
}

function replay(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditReplayMismatch',
    priority: 'high',
    forSeconds: auditSettings.replayForSeconds,
    expr: `sum ${ofTable} (${lastKnown('by (portal, trail, table, kind)', m.replayMismatches.name)}) > 0`,
    summary: 'An audit trail does not lead to the rows that are there.',
    description:
      'In the last whole sweep {{ $value | humanize }} rows of {{ $labels.table }} on {{ $labels.portal }} were not as their last ' +
      'audit record says.',
  });
}

function witness(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditWitnessResidual',
    priority: 'high',
    forSeconds: auditSettings.witnessForSeconds,
    expr: `sum ${ofTable} (abs(${m.witnessMismatch.name})) > 0`,
    summary: "The database's own log of committed changes has another count than the audit trail.",
    description:
      'The write-ahead log and the audit records of {{ $labels.table }} on {{ $labels.portal }} differ by {{ $value | humanize }} ' +
      'changes in the last witnessed range.',
  });
}

function comparisons(pack: Pack): AlertRule {
  const window = windowOf(auditSettings.comparison.windowSeconds);
  // Findings of the others are odd, and shown, but have innocent causes too.
  const found = `${m.comparisonFindings.name}{strength="proof"}`;
  return trailAlert(pack, {
    name: 'AuditComparisonFindings',
    priority: 'medium',
    // What was lost years ago stands on the dashboard; what is lost today is news.
    expr: promql`
      ${lastKnown('by (portal, trail, comparison)', found)}
      > max by (portal, trail, comparison) (last_over_time(${found}[${window}] offset ${window}))
    `,
    summary: 'Business tables contradict each other in a way that only an unrecorded change explains.',
    description:
      'The comparison {{ $labels.comparison }} on {{ $labels.portal }} finds {{ $value | humanize }} rows, more than ' +
      `${plainNumber(auditSettings.comparison.windowSeconds / 3_600)} hours ago.`,
  });
}

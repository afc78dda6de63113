/** Whether changes will be recorded: triggers, functions, roles, storage. */

import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { alertRule, securityTeam } from '../policy.js';
import { events, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';
import { trailDashboardPath } from './dashboards.js';
import { ofTable, ofTrail } from './owner.js';
import { isCutOff, lastKnown } from './presence.js';
import { auditSettings } from './settings.js';
import { trailAlert } from './spec.js';
import { isWrittenByTrigger, trailsThat } from './trails.js';

const event = windowOf(settings.eventSeconds);

export function mechanismAlerts(pack: Pack): readonly AlertRule[] {
  return [
    absent(pack),
    coverageLost(pack),
    ...coverageIncomplete(pack),
    triggerChanged(pack),
    databaseReplaced(pack),
    unlogged(pack),
    rolesIncreased(pack),
    bypassPossible(pack),
    readersUnlogged(pack),
  ];
}

function absent(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditTrailAbsent',
    priority: 'medium',
    forSeconds: auditSettings.absentForSeconds,
    expr: `max ${ofTrail} (${m.tablesInScope.name}) and on (portal, trail) ${r.absent.name}`,
    summary: 'A portal has no audit trail: nothing records who changed what.',
    description:
      'None of the {{ $value | humanize }} tables of {{ $labels.portal }} has an effective audit trigger, and there are no audit ' +
      'records to read. Only some comparisons between business tables are possible.',
  });
}

function coverageLost(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditCoverageLost',
    priority: 'high',
    forSeconds: auditSettings.coverage.lostForSeconds,
    expr: promql`
      ${lastKnown(ofTable, m.coverage.name)} < 1
      and on (portal, trail, table) ${r.wasCovered.name}
    `,
    summary: 'A table whose changes were all recorded is no longer fully covered.',
    description:
      'Only {{ $value | humanizePercentage }} of the operations on {{ $labels.table }} of {{ $labels.portal }} have an effective ' +
      'audit trigger; all had. Changes may be going unrecorded now.',
  });
}

function coverageIncomplete(pack: Pack): readonly AlertRule[] {
  const byTrigger = trailsThat(pack, isWrittenByTrigger);
  if (byTrigger === undefined) return [];
  const selector = byTrigger === '' ? '' : `{${byTrigger.slice(2)}}`;
  return [
    trailAlert(pack, {
      name: 'AuditCoverageIncomplete',
      priority: 'medium',
      forSeconds: auditSettings.coverage.incompleteForSeconds,
      expr: promql`
        count ${ofTrail} (
          max ${ofTable} (${m.coverage.name}${selector}) < 1
          unless on (portal, trail, table) ${r.wasCovered.name}
        )
        unless on (portal, trail) ${r.absent.name}
        unless on (portal, trail) ${isCutOff}
      `,
      summary: 'Tables that must be audited never were, in full.',
      description:
        '{{ $value | humanize }} tables of {{ $labels.portal }} that are in the scope of its trail {{ $labels.trail }} have never had ' +
        'an effective trigger for every operation. A new table starts like this.',
    }),
  ];
}

function triggerChanged(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditTriggerChanged',
    priority: 'high',
    expr: events('by (portal, trail, object)', `increase(${m.fingerprintChanges.name}[${event}])`),
    summary: 'Somebody changed what writes the audit records.',
    description:
      `{{ $value | humanize }} changes of an audit {{ $labels.object }} were seen on {{ $labels.portal }} in the last ${event}, even if ` +
      'it looks as before: disabled and enabled again between two looks counts too.',
  });
}

function databaseReplaced(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditDatabaseReplaced',
    priority: 'high',
    expr: events('by (portal, trail, reason)', `increase(${m.epochChanges.name}{reason=~"system|timeline"}[${event}])`),
    summary: 'Behind an audit trail there is another database than before: restored, promoted or copied.',
    description:
      'The {{ if eq $labels.reason "timeline" }}timeline{{ else }}system identifier{{ end }} of the database of {{ $labels.portal }} ' +
      'changed. What happened between the two histories cannot be seen in counters.',
  });
}

function unlogged(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditUnloggedRelation',
    priority: 'high',
    forSeconds: auditSettings.unloggedForSeconds,
    expr: `max ${ofTrail} (${m.unlogged.name}) > 0`,
    summary: 'Audited tables or audit records are UNLOGGED: a crash empties them.',
    description:
      '{{ $value | humanize }} tables of {{ $labels.portal }}, audited or holding audit records, are not written to the ' +
      'write-ahead log.',
  });
}

const roles = `max by (portal, trail, exposure) (${m.bypassRoles.name})`;

function rolesIncreased(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'AuditBypassRolesIncreased',
    priority: 'high',
    team: securityTeam(pack),
    expr: promql`
      ${roles}
      > max by (portal, trail, exposure) (${m.bypassRoles.name} offset ${event})
    `,
    summary: 'More roles than before could change data or audit records unseen.',
    description: `{{ $value | humanize }} roles of {{ $labels.portal }} have the exposure {{ $labels.exposure }}, more than ${event} ago.`,
    dashboard: trailDashboardPath,
  });
}

function bypassPossible(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'AuditBypassPossible',
    priority: 'low',
    team: securityTeam(pack),
    forSeconds: auditSettings.bypass.forSeconds,
    // Superusers and owners exist everywhere; that is what checkpoints outside the database are for.
    expr: `max by (portal, trail, exposure) (${m.bypassRoles.name}{exposure=~"replication_role|mutate_records|forge_records|server_programs|bypass_rls"}) > 0`,
    summary: 'Roles that are neither superuser nor owner could change data or audit records unseen.',
    description: '{{ $value | humanize }} roles of {{ $labels.portal }} have the exposure {{ $labels.exposure }}.',
    dashboard: trailDashboardPath,
  });
}

function readersUnlogged(pack: Pack): AlertRule {
  const known = windowOf(auditSettings.knownSeconds);
  // What cannot be told is no better than what is not done.
  const unlogged = `${m.readers.name}{reading=~"unlogged|unknown"}`;
  const among = (series: string) => `sum ${ofTrail} (max by (portal, trail, reading) (${series}))`;
  return alertRule(pack, {
    name: 'AuditReadersUnlogged',
    priority: 'low',
    team: securityTeam(pack),
    forSeconds: auditSettings.bypass.forSeconds,
    // Some can on every new server: superusers, the owner of the table, the observer. Who came later is news.
    expr: promql`
      ${among(unlogged)}
      > ${among(`last_over_time(${unlogged}[${known}] offset ${known})`)}
    `,
    summary: 'More roles than before can read the audit records without leaving a trace of it.',
    description:
      '{{ $value | humanize }} roles of {{ $labels.portal }} may read the records of its trail {{ $labels.trail }}, and the server ' +
      `does not record it when they do, or it cannot be told whether it does. They are more than ${known} ago.`,
    dashboard: trailDashboardPath,
  });
}

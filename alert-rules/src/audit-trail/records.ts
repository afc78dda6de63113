/** Whether the records themselves are as they must be: who, when, in order, in time, for long enough. */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { atLeast, events, plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';
import { ofTrail } from './owner.js';
import { lastKnown } from './presence.js';
import { auditSettings } from './settings.js';
import { trailAlert } from './spec.js';

const event = windowOf(settings.eventSeconds);

export function recordAlerts(pack: Pack): readonly AlertRule[] {
  return [
    attribution(pack),
    actor(pack),
    time(pack),
    clock(pack),
    identity(pack),
    writeLag(pack),
    watermark(pack),
    retention(pack),
    unreadable(pack),
  ];
}

function attribution(pack: Pack): AlertRule {
  const { ratio, minimum, forSeconds } = auditSettings.attribution;
  const withoutField = `sum by (portal, trail, field) (increase(${m.attributionMissing.name}[${event}]))`;
  return trailAlert(pack, {
    name: 'AuditAttributionMissing',
    priority: 'medium',
    forSeconds,
    expr: promql`
      ${withoutField}
      / on (portal, trail) group_left ()
      (sum ${ofTrail} (increase(${m.records.name}[${event}])) > 0)
      > ${plainNumber(ratio)}
      and
      ${withoutField} ${atLeast(minimum)}
    `,
    summary: 'Audit records lack what would say who did it, to what, or why.',
    description:
      `{{ $value | humanizePercentage }} of the audit records of {{ $labels.portal }} in the last ${event} have no ` +
      '{{ $labels.field }}. What is not recorded now cannot be found out later.',
  });
}

function actor(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditActorUnclear',
    priority: 'medium',
    expr: events('by (portal, trail, kind)', `increase(${m.actors.name}{kind=~"shared|unresolved"}[${event}])`),
    summary: 'Audit records name an actor that is no one person.',
    description:
      `{{ $value | humanize }} records of {{ $labels.portal }} in the last ${event} name ` +
      '{{ if eq $labels.kind "shared" }}an account that several people use{{ else }}somebody who is not listed{{ end }}.',
  });
}

function time(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditTimeViolation',
    priority: 'high',
    expr: events('by (portal, trail, kind)', `increase(${m.timeViolations.name}[${event}])`),
    summary: 'Audit records carry a time that cannot be right.',
    description:
      `{{ $value | humanize }} records of {{ $labels.portal }} in the last ${event} are ` +
      '{{ if eq $labels.kind "future" }}dated in the future{{ else }}dated before they can have been written{{ end }}.',
  });
}

function clock(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditClockOffset',
    priority: 'medium',
    forSeconds: auditSettings.clockForSeconds,
    expr: promql`
      abs(${lastKnown(ofTrail, m.clockOffset.name)})
      > on (portal, trail) max ${ofTrail} (${m.clockSkewLimit.name})
    `,
    summary: "The database's clock and the observer's differ by more than is allowed: one of the two is wrong.",
    description:
      'The clocks behind the trail {{ $labels.trail }} of {{ $labels.portal }} differ by {{ $value | humanizeDuration }}. If it is the ' +
      "database's that is wrong, so are the times of records and of commits alike, and nothing else shows it.",
  });
}

function identity(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditIdentityBreak',
    priority: 'high',
    expr: events('by (portal, trail, kind)', `increase(${m.identityBreaks.name}[${event}])`),
    summary: 'The ids of audit records are not what the database gave out.',
    description:
      `{{ $value | humanize }} breaks of the kind {{ $labels.kind }} were seen in the ids of the trail {{ $labels.trail }} on ` +
      `{{ $labels.portal }} in the last ${event}. Gaps are no breaks and are not counted.`,
  });
}

function writeLag(pack: Pack): AlertRule {
  const { quantile, leastSeconds, windowSeconds, forSeconds } = auditSettings.writeLag;
  const allowed = Math.max(
    leastSeconds,
    ...pack.auditTrails.map(({ records }) => (records?.maxWriteLagMs ?? 0) / 1_000),
  );
  const window = windowOf(windowSeconds);
  return trailAlert(pack, {
    name: 'AuditWriteLag',
    priority: 'medium',
    forSeconds,
    expr: promql`
      histogram_quantile(
        ${plainNumber(quantile)},
        sum by (portal, trail, le) (increase(${m.writeLag.name}_bucket[${window}]))
      ) > ${plainNumber(allowed)}
    `,
    summary: 'Audit records are written long after the change.',
    description:
      `One in a hundred records of {{ $labels.portal }} in the last ${window} came {{ $value | humanizeDuration }} or more after its ` +
      'change. Until it comes, the change looks unrecorded.',
  });
}

function watermark(pack: Pack): AlertRule {
  const { seconds, forSeconds } = auditSettings.watermark;
  return trailAlert(pack, {
    name: 'AuditWatermarkLag',
    priority: 'medium',
    forSeconds,
    expr: `max ${ofTrail} (${m.watermarkLag.name}) > ${seconds}`,
    summary: 'A transaction that stays open holds up the reading of an audit trail.',
    description:
      'A transaction on {{ $labels.portal }} has been open for {{ $value | humanizeDuration }}. Records after it are neither checked ' +
      'nor sealed, because it may still add some before them.',
  });
}

function retention(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditRetentionBroken',
    priority: 'high',
    forSeconds: auditSettings.retentionForSeconds,
    expr: `${lastKnown('by (portal, trail, kind)', m.retentionViolations.name)} > 0`,
    summary: 'Audit records that must be kept are not there.',
    description:
      '{{ if eq $labels.kind "disposed_early" }}Records of {{ $labels.portal }} that are younger than their retention are gone' +
      '{{ else }}The partitions of the audit records of {{ $labels.portal }} do not follow one another without a gap{{ end }}, the ' +
      'archive included.',
  });
}

function unreadable(pack: Pack): AlertRule {
  const known = windowOf(auditSettings.knownSeconds);
  const now = lastKnown('by (portal, trail, part)', m.unreadable.name);
  return trailAlert(pack, {
    name: 'AuditRecordsUnreadable',
    priority: 'high',
    forSeconds: auditSettings.readabilityForSeconds,
    // They stay, because nobody may change them; what was told must not hide what comes.
    expr: promql`
      ${now}
      > (
        max by (portal, trail, part) (last_over_time(${m.unreadable.name}[${known}] offset ${known}))
        or
        0 * ${now}
      )
    `,
    summary: 'Audit records are there, more than before, of which nobody can read what they say.',
    description:
      'An export of the trail {{ $labels.trail }} on {{ $labels.portal }} finds {{ $value | humanize }} records whose ' +
      `{{ $labels.part }} it can make no sense of: more than ${known} ago.`,
  });
}

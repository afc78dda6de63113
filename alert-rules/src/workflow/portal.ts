/** What is wrong with a portal as a whole, and so explains many workflows at once. */
import { workflowMetrics as m, windowOf } from '../../../pack/metrics/index.js';
import type { Pack, Severity } from '../../../pack/model.js';
import { alertRule, operatingTeam } from '../policy.js';
import { atLeast, plain, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';

const day = 86_400;

export function portalAlerts(pack: Pack): readonly AlertRule[] {
  const { warnDays, criticalDays } = settings.certificate;
  return [
    backoff(pack),
    unresponsive(pack),
    login(pack),
    certificate(pack, warnDays, 'medium'),
    certificate(pack, criticalDays, 'critical'),
  ];
}

function backoff(pack: Pack): AlertRule {
  const range = windowOf(settings.backoff.windowSeconds);
  return pausing(pack, settings.backoff, {
    priority: 'low',
    summary: 'A portal lets requests time out, and measuring pauses to spare it.',
    description:
      `For {{ $value | humanizePercentage }} of the last ${range} no workflow was started on {{ $labels.portal }}, because requests ` +
      'to it had timed out. Each abandoned request may still hold one of its database connections.',
  });
}

/** Pauses hide an outage from the burn alerts, which wait for missed runs. */
function unresponsive(pack: Pack): AlertRule {
  const range = windowOf(settings.unresponsive.windowSeconds);
  return pausing(pack, settings.unresponsive, {
    priority: 'critical',
    summary: 'A portal answers next to nothing in time.',
    description:
      `One try after another timed out on {{ $labels.portal }}, and for {{ $value | humanizePercentage }} of the last ${range} ` +
      'no workflow was started, to spare it. Whatever its workflows promise, nobody gets it or can measure it.',
  });
}

interface Pausing {
  readonly priority: Severity['priority'];
  readonly summary: string;
  readonly description: string;
}

function pausing(
  pack: Pack,
  { windowSeconds, ratio, forSeconds }: { windowSeconds: number; ratio: number; forSeconds: number },
  said: Pausing,
): AlertRule {
  return alertRule(pack, {
    name: 'WorkflowPortalBackoff',
    team: operatingTeam(pack),
    forSeconds,
    expr: promql`
      max by (portal) (
        avg_over_time((${m.backoffUntil.name} > bool time())[${windowOf(windowSeconds)}:30s])
      ) > ${plain(ratio)}
    `,
    dashboard: 'portal',
    ...said,
  });
}

function login(pack: Pack): AlertRule {
  const { windowSeconds, forSeconds } = settings.login;
  const range = windowOf(windowSeconds);
  return alertRule(pack, {
    name: 'WorkflowLoginFailing',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds,
    // A login lasts for hours, so that no success is normal: only failures without one count.
    expr: promql`
      sum by (portal, identity, outcome) (increase(${m.logins.name}{outcome=~"refused|failed"}[${range}])) ${atLeast(1)}
      unless on (portal, identity)
      sum by (portal, identity) (increase(${m.logins.name}{outcome="success"}[${range}])) ${atLeast(1)}
    `,
    summary: 'The exporter cannot log in to a portal, so that workflows behind the login cannot be measured.',
    description:
      `{{ $value | humanize }} logins to {{ $labels.portal }} (identity {{ $labels.identity }}) were {{ if eq $labels.outcome "refused" }}refused{{ else }}broken{{ end }} ` +
      `in the last ${range}, and none succeeded.`,
    dashboard: 'portal',
  });
}

function certificate(pack: Pack, days: number, priority: 'medium' | 'critical'): AlertRule {
  return alertRule(pack, {
    name: 'WorkflowCertificateExpiry',
    priority,
    team: operatingTeam(pack),
    forSeconds: settings.certificate.forSeconds,
    expr: promql`
      min by (portal) (${m.certificateExpiry.name} > 0) - time() < ${days} * ${day}
    `,
    summary: 'A certificate that a portal is verified by expires soon.',
    description:
      'The first certificate to expire of the chain that {{ $labels.portal }} is verified by has {{ $value | humanizeDuration }} left; ' +
      `this is told from ${days} days on. Once it has expired, browsers refuse the portal and every workflow on it fails.`,
    dashboard: 'portal',
  });
}

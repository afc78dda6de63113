/** What is wrong with a portal as a whole, and so explains many workflows at once. */

import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { alertRule, operatingTeam } from '../policy.js';
import { plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { portalDashboardPath } from './dashboards.js';
import { workflowSettings } from './settings.js';

const day = 86_400;

export function portalAlerts(pack: Pack): readonly AlertRule[] {
  const { warnDays, criticalDays } = workflowSettings.certificate;
  return [
    unanswered(pack),
    login(pack),
    certificate(pack, warnDays, 'medium'),
    certificate(pack, criticalDays, 'critical'),
  ];
}

function unanswered(pack: Pack): AlertRule {
  const { windowSeconds, ratio, forSeconds } = workflowSettings.unanswered;
  const range = windowOf(windowSeconds);
  return alertRule(pack, {
    name: 'WorkflowPortalUnanswered',
    priority: 'critical',
    team: operatingTeam(pack),
    forSeconds,
    expr: promql`
      max by (portal) (
        avg_over_time((${m.requestsOpen.name} >= bool ${m.requestsOpenLimit.name})[${range}:30s])
      ) > ${plainNumber(ratio)}
    `,
    summary: 'A portal leaves so many requests unanswered that there is no place for further ones.',
    description:
      `For {{ $value | humanizePercentage }} of the last ${range} every place for requests to {{ $labels.portal }} but the canary's was taken by a ` +
      'request that is open beyond its deadline. Workflows without one of their own cannot be measured.',
    dashboard: portalDashboardPath,
  });
}

function login(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'WorkflowLoginFailing',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds: workflowSettings.login.forSeconds,
    // A state and no count: after some refusals the tries are a quarter of an hour apart.
    expr: promql`
      max by (portal, identity, outcome) (${m.loginFailing.name}) > 0
    `,
    summary: 'The exporter cannot log in to a portal, so that workflows behind the login cannot be measured.',
    description:
      'The last login to {{ $labels.portal }} (identity {{ $labels.identity }}) {{ if eq $labels.outcome "refused" }}was refused{{ else }}failed{{ end }}. ' +
      'This is told until one succeeds, however rarely it is tried.',
    dashboard: portalDashboardPath,
  });
}

function certificate(pack: Pack, days: number, priority: 'medium' | 'critical'): AlertRule {
  return alertRule(pack, {
    name: 'WorkflowCertificateExpiry',
    priority,
    team: operatingTeam(pack),
    forSeconds: workflowSettings.certificate.forSeconds,
    expr: promql`
      min by (portal) (${m.certificateExpiry.name} > 0) - time() < ${days} * ${day}
    `,
    summary: 'A certificate that a portal is verified by expires soon.',
    description:
      'The first certificate to expire of the chain that {{ $labels.portal }} is verified by has {{ $value | humanizeDuration }} left; ' +
      `this is told from ${days} days on. Once it has expired, browsers refuse the portal and every workflow on it fails.`,
    dashboard: portalDashboardPath,
  });
}

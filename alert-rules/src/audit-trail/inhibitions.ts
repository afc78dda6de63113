import { alertMatchers, type Inhibition } from '../inhibition.js';

/** A proven fault is more than the signs that led to it; those stay on the dashboard. */
export function auditTrailInhibitions(): readonly Inhibition[] {
  return [
    {
      source_matchers: alertMatchers('AuditTrailBroken'),
      target_matchers: alertMatchers(['AuditContinuityBreak', 'AuditReplayMismatch', 'AuditWitnessResidual']),
      equal: ['portal', 'trail', 'table'],
    },
    {
      source_matchers: alertMatchers('AuditTrailBroken'),
      target_matchers: alertMatchers('AuditCountersDisagree'),
      equal: ['portal', 'trail'],
    },
  ];
}

import { type Inhibition, named } from '../inhibition.js';

/** A proven fault is more than the signs that led to it; those stay on the dashboard. */
export function auditTrailInhibitions(): readonly Inhibition[] {
  return [
    {
      source_matchers: named('AuditTrailBroken'),
      target_matchers: named(['AuditContinuityBreak', 'AuditReplayMismatch', 'AuditWitnessResidual']),
      equal: ['portal', 'trail', 'table'],
    },
    {
      source_matchers: named('AuditTrailBroken'),
      target_matchers: named('AuditCountersDisagree'),
      equal: ['portal', 'trail'],
    },
  ];
}

import { type AuditInvariant, auditInvariants, identityKinds } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { invariantWording } from '../observer/checks/counters/counters.js';
import type { IdentityKind } from '../observer/verdict/findings.js';
import type { TrailStatus } from './status.js';

const identityWording: Readonly<Record<IdentityKind, string>> = {
  duplicate: 'records have an id that another record has too',
  beyond_sequence: 'an id is beyond all that the sequence gave out',
  regressed: 'the sequence of ids went back',
};

/** What is wrong with the records as a whole, beside changes that are unaccounted. The state of a single table does not show it. */
export function objections(trail: Pick<AuditTrail, 'records'>, status: TrailStatus): readonly string[] {
  if (trail.records === undefined || status.evidence.connection?.state !== 'ok') return [];
  const { unexplained, unaccounted, identityBreaks, retention } = status;
  const open = new Set<AuditInvariant>(unaccounted.map(({ invariant }) => invariant));
  return [
    ...auditInvariants.flatMap((invariant) => {
      if (open.has(invariant)) return [];
      const amount = unexplained[invariant] ?? 0;
      return amount === 0 ? [] : [`${invariantWording[invariant]} (${amount > 0 ? '+' : ''}${amount})`];
    }),
    ...identityKinds.flatMap((kind) => {
      const times = identityBreaks[kind] ?? 0;
      return times === 0 ? [] : [`${identityWording[kind]} (${times})`];
    }),
    ...(retention === undefined ? ['it could not be checked whether the records that must be kept are there'] : []),
    ...(retention?.disposedEarly === true ? ['records that must still be kept are gone'] : []),
    ...(retention === undefined || retention.partitionGaps === 0
      ? []
      : [`the partitions of the audit records do not follow one another (${retention.partitionGaps})`]),
  ];
}

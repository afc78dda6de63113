/** What the description says of trails and no metric does: which evidence a trail has to have. */
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Pack } from '../../../pack/index.js';

/**
 * A matcher for the trails that `has` holds for, after other matchers: empty when it holds for all, and undefined when
 * it holds for none, so that there is nothing to ask about. Trails of which the description knows nothing are taken in.
 */
export function trailsThat(pack: Pack, has: (trail: AuditTrail) => boolean): string | undefined {
  const others = pack.auditTrails.filter((trail) => !has(trail)).map(({ name }) => name);
  if (others.length === 0) return '';
  if (others.length === pack.auditTrails.length) return undefined;
  return `, trail!~"${others.sort().join('|')}"`;
}

/** An application that writes its own records needs no trigger, and counters say nothing of it. */
export function isWrittenByTrigger(trail: AuditTrail): boolean {
  return trail.records?.writtenBy !== 'application';
}

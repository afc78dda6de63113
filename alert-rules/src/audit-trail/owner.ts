import { auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import { promql } from '../promql.js';

/** Multiplying by an identity of 1 leaves the value and adds the team. */
export function withTeam(expr: string): string {
  return promql`
    (
      ${expr}
    )
    * on (portal, trail) group_left (team)
    max by (portal, trail, team) (${r.identity.name})
  `;
}

export const ofTrail = 'by (portal, trail)';
export const ofTable = 'by (portal, trail, table)';

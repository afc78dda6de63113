import { encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { type AlertSpec, alertRule, securityTeam } from '../policy.js';
import { promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { encryptionDashboardPath, providerDashboardPath } from './dashboards.js';

export const ofProvider = 'by (portal, provider)';
export const ofColumn = 'by (portal, table, column)';

/** An alert about a provider: belongs to the team that its identity names. */
export function providerAlert(pack: Pack, spec: Omit<AlertSpec, 'dashboard' | 'team'>): AlertRule {
  return alertRule(pack, { ...spec, expr: withTeam(spec.expr), dashboard: providerDashboardPath });
}

/** Columns, keys and the portal's own timings have no identity to join; one team answers for all of them. */
export function portalAlert(pack: Pack, spec: Omit<AlertSpec, 'dashboard' | 'team'>): AlertRule {
  return alertRule(pack, { ...spec, team: encryptionTeam(pack), dashboard: encryptionDashboardPath });
}

/** The team that the description names for all encryption; the security team where it names several or none. */
export function encryptionTeam(pack: Pack): string {
  const [first, ...others] = new Set(pack.encryption.map(({ team }) => team));
  return first !== undefined && others.length === 0 ? first : securityTeam(pack);
}

function withTeam(expr: string): string {
  return promql`
    (
      ${expr}
    )
    * on (portal, provider) group_left (team)
    max by (portal, provider, team) (${r.identity.name})
  `;
}

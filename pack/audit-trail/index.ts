import { domain } from '../domain.js';
import { unconnectedTrails } from './connection.js';
import { auditMetrics } from './metrics.js';
import { auditRecorded } from './recorded.js';
import { resolveAuditTrail } from './resolve.js';
import { auditTrails } from './rules.js';
import { auditTrailSchema as schema } from './schema/trail.js';
import { secretsOfTrails } from './secret-places.js';
import { trailWarnings } from './warnings.js';

export const auditTrail = domain({
  key: 'auditTrails',
  noun: 'audit trail',
  nouns: 'audit trails',
  about: 'What is promised about the record of changes, and where the evidence is.',
  schema,
  rules: [auditTrails],
  resolve: resolveAuditTrail,
  warnings: trailWarnings,
  unconnected: (trail) =>
    unconnectedTrails({ auditTrails: [trail] }).map(({ trail: name, variables }) => ({
      what: `Audit trail ${name}`,
      variables,
      meanwhile: 'all of it is unknown',
    })),
  secrets: secretsOfTrails,
  metrics: [{ title: 'Audit trail', metrics: auditMetrics }],
  recorded: () => Object.values(auditRecorded),
});

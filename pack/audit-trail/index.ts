import { domain } from '../domain.js';
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
  secrets: secretsOfTrails,
  metrics: [{ title: 'Audit trail', metrics: auditMetrics }],
  recorded: () => Object.values(auditRecorded),
});

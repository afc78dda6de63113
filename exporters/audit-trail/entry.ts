import type { ExporterEntry } from '../runtime/exporter-entry.js';

export const auditTrailExporter: ExporterEntry = {
  name: 'audit-trail',
  summary: 'proves audit trails complete and unaltered, or says what is missing',
  secretsOf: ['auditTrails'],
  load: async () => (await import('./index.js')).createAuditTrailExporter,
};

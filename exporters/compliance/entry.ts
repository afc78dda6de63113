import type { ExporterEntry } from '../runtime/exporter-entry.js';

export const complianceExporter: ExporterEntry = {
  name: 'compliance',
  summary: 'evaluates compliance controls, and keeps what it saw as evidence',
  secretsOf: ['portals', 'compliance'],
  load: async () => (await import('./index.js')).createComplianceExporter,
};

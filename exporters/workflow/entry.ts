import type { ExporterEntry } from '../runtime/exporter-entry.js';

export const workflowExporter: ExporterEntry = {
  name: 'workflow-sla',
  summary: 'runs workflows against the portals and judges them by their SLAs',
  secretsOf: ['portals', 'workflows'],
  load: async () => (await import('./index.js')).createWorkflowSlaExporter,
};

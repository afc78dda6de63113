import { auditTrailExporter } from './audit-trail/entry.js';
import { complianceExporter } from './compliance/entry.js';
import { encryptionExporter } from './encryption/entry.js';
import type { ExporterEntry } from './runtime/exporter-entry.js';
import { workflowExporter } from './workflow/entry.js';

/** The exporters there are, by the name that the command line knows them by. A new one is a line here. */
export const exporters: readonly ExporterEntry[] = [
  workflowExporter,
  auditTrailExporter,
  encryptionExporter,
  complianceExporter,
];

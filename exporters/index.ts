import type { PackSection } from '../pack/index.js';
import type { ExporterFactory } from './runtime/exporter.js';

export interface ExporterEntry {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Sections of the description whose secrets it uses: those of the others need not be at hand. */
  readonly secretsOf: readonly PackSection[];
  /** Loaded when wanted, so that one exporter does not pay for the libraries of another. */
  readonly load: () => Promise<ExporterFactory>;
}

/** The exporters there are, by the name that the command line knows them by. */
export const exporters: readonly ExporterEntry[] = [
  {
    name: 'workflow-sla',
    summary: 'runs workflows against the portals and judges them by their SLAs',
    secretsOf: ['portals', 'workflows'],
    load: async () => (await import('./workflow/index.js')).createWorkflowSlaExporter,
  },
  {
    name: 'audit-trail',
    summary: 'proves audit trails complete and unaltered, or says what is missing',
    secretsOf: ['auditTrails'],
    load: async () => (await import('./audit-trail/index.js')).createAuditTrailExporter,
  },
  {
    name: 'encryption',
    summary: 'times field encryption, tests it on canary keys, and scans what columns really hold',
    secretsOf: ['portals', 'encryption'],
    load: async () => (await import('./encryption/index.js')).createEncryptionExporter,
  },
];

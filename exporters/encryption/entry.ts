import type { ExporterEntry } from '../runtime/exporter-entry.js';

export const encryptionExporter: ExporterEntry = {
  name: 'encryption',
  summary: 'times field encryption, tests it on canary keys, and scans what columns really hold',
  secretsOf: ['portals', 'encryption'],
  load: async () => (await import('./index.js')).createEncryptionExporter,
};

import type { Edit } from './repository-copy.js';

/** A new domain: a line, and what it imports, in the registry of each layer. */
export const newDomain: readonly Edit[] = [
  ...registered(
    'pack/domains.ts',
    "import { auditTrail } from './audit-trail/index.js';",
    'backup',
    './backup/index.js',
  ),
  {
    path: 'pack/domains.ts',
    anchor: '    [encryption.key]: visit(encryption),',
    behind: '\n    [backup.key]: visit(backup),',
  },
  ...registered(
    'exporters/exporters.ts',
    "import { auditTrailExporter } from './audit-trail/entry.js';",
    'backupExporter',
    './backup/entry.js',
  ),
  { path: 'exporters/exporters.ts', anchor: '  complianceExporter,', behind: '\n  backupExporter,' },
  ...registered(
    'alert-rules/src/domains.ts',
    "import { auditTrailRules } from './audit-trail/index.js';",
    'backupRules',
    './backup/index.js',
  ),
  { path: 'alert-rules/src/domains.ts', anchor: ', complianceRules', behind: ', backupRules' },
  ...registered(
    'dashboards/src/domains.ts',
    "import { auditTrailDashboards } from './audit-trail/index.js';",
    'backupDashboards',
    './backup/index.js',
  ),
  { path: 'dashboards/src/domains.ts', anchor: '  encryptionDashboards,', behind: '\n  backupDashboards,' },
];

function registered(path: string, anchor: string, name: string, module: string): readonly Edit[] {
  return [{ path, anchor, behind: `\nimport { ${name} } from '${module}';` }];
}

/** A new metric of a domain that is there: declared, and measured. */
export const newMetric: readonly Edit[] = [
  {
    path: 'pack/encryption/metrics.ts',
    anchor: 'export const encryptionMetrics = {',
    behind:
      "\n  rounds: counter('field_encryption_probe_rounds_total', 'count', provider, 'Rounds of the probe that ended.'),",
  },
  {
    path: 'exporters/encryption/metrics.ts',
    anchor: '    info: store.gauge(m.info),',
    behind: '\n    rounds: store.counter(m.rounds),',
  },
  {
    path: 'exporters/encryption/metrics.ts',
    anchor: '    this.#m.slaTarget.set(labels, slaSeconds);',
    behind: '\n    this.#m.rounds.zero(labels);',
  },
  {
    path: 'exporters/encryption/metrics.ts',
    anchor: '    this.#m.probeTime.set(labels, result.endedAtSeconds);',
    behind: '\n    this.#m.rounds.inc(labels);',
  },
];

/** A new alert that reads it: its rule, and its test. Its runbook is a new file. */
export const newAlert: readonly Edit[] = [
  { path: 'alert-rules/src/encryption/providers.ts', anchor: '    down(pack),', behind: '\n    roundsMissing(pack),' },
  {
    path: 'alert-rules/src/encryption/providers.ts',
    anchor: 'function selfTestFailed(',
    before: `function roundsMissing(pack: Pack): AlertRule {
  return providerAlert(pack, {
    name: 'EncryptionRoundsMissing',
    priority: 'medium',
    expr: \`max by (portal, provider) (increase(\${m.rounds.name}[10m])) < 0.5\`,
    summary: 'No round of the probe of a provider ends.',
    description: 'No round of the probe of {{ $labels.provider }} on {{ $labels.portal }} has ended for ten minutes.',
  });
}

`,
  },
  {
    path: 'alert-rules/src/encryption/tests/index.ts',
    anchor: '        ...downWithGaps(),',
    behind: '\n        ...roundsMissing(),',
  },
  {
    path: 'alert-rules/src/encryption/tests/index.ts',
    anchor: 'function selfTestStale(',
    before: `function roundsMissing(): readonly AlertScenario[] {
  const alert = 'EncryptionRoundsMissing';
  const rounds = (values: string) => [
    ...draw(encryptionLines, [{ minutes: 90 }]),
    scrapedSeries(encryptionMetrics.rounds.name, { portal: providerLabels.portal, provider: providerLabels.provider }, values),
  ];
  return [
    {
      name: \`\${alert}: fires when no round ends, and recovers\`,
      series: rounds('0+4x29 116x29 120+4x29'),
      queries: [isQuiet(alert, 29), fires(alert, 45), isQuiet(alert, 65)],
      sent: [sent(alert, 45, providerLabels)],
    },
    {
      name: \`\${alert}: stays quiet while rounds end\`,
      series: rounds('0+4x89'),
      queries: [isQuiet(alert, 30), isQuiet(alert, 80)],
    },
  ];
}

`,
  },
  {
    path: 'alert-rules/src/encryption/tests/index.ts',
    anchor: "import type { Pack } from '../../../../pack/index.js';",
    before: "import { encryptionMetrics } from '../../../../pack/encryption/metrics.js';\n",
    behind: "\nimport { scrapedSeries } from '../../tests/ownership.js';",
  },
];

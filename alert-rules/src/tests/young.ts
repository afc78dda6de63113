import { auditMetrics } from '../../../pack/audit-trail/metrics.js';
import { auditRecorded } from '../../../pack/audit-trail/recorded.js';
import { encryptionMetrics } from '../../../pack/encryption/metrics.js';
import { encryptionRecorded } from '../../../pack/encryption/recorded.js';
import { workflowMetrics } from '../../../pack/workflow/metrics.js';
import { workflowRecorded } from '../../../pack/workflow/recorded.js';
import { type AlertScenario, fires, holds, type InputSeries, isEmpty, type TestFile } from './scenario.js';
import { target } from './world.js';

interface Kind {
  readonly name: string;
  readonly info: string;
  /** What lets the rules fall back on a team that nobody is. */
  readonly without: string;
  readonly identity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly about: Readonly<Record<string, string>>;
}

const portal = { portal: 'kingston' } as const;

const kinds: readonly Kind[] = [
  {
    name: 'workflow',
    info: workflowMetrics.info.name,
    without: workflowMetrics.slaTarget.name,
    identity: workflowRecorded.identity.name,
    labels: { ...portal, workflow: 'client-list' },
    about: { title: 'Client list', tier: 'core', connection: 'fresh' },
  },
  {
    name: 'provider of encryption',
    info: encryptionMetrics.info.name,
    without: encryptionMetrics.slaTarget.name,
    identity: encryptionRecorded.identity.name,
    labels: { ...portal, provider: 'vault' },
    about: { kind: 'transit', title: 'OpenBao' },
  },
  {
    name: 'audit trail',
    info: auditMetrics.info.name,
    without: auditMetrics.tablesInScope.name,
    identity: auditRecorded.identity.name,
    labels: { ...portal, trail: 'main' },
    about: { title: 'Trail' },
  },
];

/** Series are half a minute apart, and what is new comes between two minutes, where a subquery does not look. */
export function youngTests(): readonly TestFile[] {
  return [
    {
      path: 'alert-rules/tests/ownership.test.yaml',
      about: 'Whom an alert is for, while what it is about is young or changes hands.',
      evaluateEvery: 0.5,
      rules: ['kop-workflow-sla', 'kop-encryption', 'kop-audit-trail'],
      scenarios: [...kinds.flatMap((kind) => [young(kind), changed(kind)]), ...told()],
    },
  ];
}

function series(metric: string, labels: Readonly<Record<string, string>>, values: string): InputSeries {
  const all = Object.entries({ ...target, ...labels }).map(([key, value]) => `${key}="${value}"`);
  return { series: `${metric}{${all.join(', ')}}`, values };
}

function young({ name, info, without, identity, labels, about }: Kind): AlertScenario {
  return {
    name: `ownership: a ${name} has its team from its first scrape on`,
    series: [series(info, { ...labels, ...about, team: 'security' }, '_ 1x9'), series(without, labels, '_ 1x9')],
    queries: [0.5, 1, 4].flatMap((minute) => [
      holds(`${identity}{team="security"}`, minute),
      isEmpty(`${identity}{team!="security"}`, minute),
    ]),
  };
}

function changed({ name, info, without, identity, labels, about }: Kind): AlertScenario {
  return {
    name: `ownership: a ${name} that changes hands belongs to its new team at once`,
    series: [
      series(info, { ...labels, ...about, team: 'security' }, '1x4 stale'),
      series(info, { ...labels, ...about, team: 'platform' }, '_x5 1x9'),
      series(without, labels, '1x14'),
    ],
    queries: [
      holds(`${identity}{team="security"}`, 2),
      ...[2.5, 3, 6].flatMap((minute) => [
        holds(`${identity}{team="platform"}`, minute),
        isEmpty(`${identity}{team!="platform"}`, minute),
      ]),
    ],
  };
}

function told(): readonly AlertScenario[] {
  const alert = 'EncryptionSelfTestFailed';
  const labels = { ...portal, provider: 'vault' };
  return [
    {
      name: `${alert}: fires for the right team in the first half minute`,
      series: [
        series(
          encryptionMetrics.info.name,
          { ...labels, kind: 'transit', title: 'OpenBao', team: 'security' },
          '_ 1x9',
        ),
        series(encryptionMetrics.slaTarget.name, labels, '_ 0.01x9'),
        series(encryptionMetrics.selfTest.name, { ...labels, test: 'wrong_aad' }, '_ 0x9'),
      ],
      queries: [fires(alert, 0.5, { team: 'security' }), isEmpty('ALERTS{team="unassigned"}', 0.5)],
    },
  ];
}

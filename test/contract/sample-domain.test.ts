/**
 * What a new domain, a new metric and a new alert ask of the files that are there, shown on a copy of the repository: a
 * domain of its own (`test/fixtures/sample-domain`) is added by one line in the registry of each layer, and everything
 * else about it follows.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { freePort } from '../support/encryption/ports.js';
import { newAlert, newDomain, newMetric } from '../support/sample-domain/edits.js';
import { outsideOfTests, RepositoryCopy } from '../support/sample-domain/repository-copy.js';
import { eventually } from '../support/stack/eventually.js';
import { promtools, run } from './promql.js';

const files = join(import.meta.dirname, '../fixtures/sample-domain/files');
const copy = new RepositoryCopy();
const kop = ['dist/cli/kop.js'] as const;
/** Existing files that each step edited by hand. */
const edited: Record<'domain' | 'metric' | 'alert', readonly string[]> = { domain: [], metric: [], alert: [] };
let built = '';

const described = `portals:
  main: { title: Main, baseUrl: "http://127.0.0.1:1" }
teams:
  platform: { title: Platform }
backups:
  nightly: { title: Nightly, portal: main, team: platform, file: nightly.dump, maxAge: 2h }
`;

beforeAll(() => {
  copy.add(files);
  let before: readonly string[] = [];
  for (const [step, edits] of [
    ['domain', newDomain],
    ['metric', newMetric],
    ['alert', newAlert],
  ] as const) {
    copy.edit(edits);
    const now = copy.changed();
    edited[step] = now.filter((path) => !before.includes(path));
    before = now;
  }
  copy.runPackage('@biomejs/biome/bin/biome', ['check', '--write', ...copy.changed()]);
  // Types are a test of their own, below.
  copy.runPackage('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--noCheck']);
  built = copy.run(process.execPath, [...kop, 'build']);
  writeFileSync(copy.path('backup.yaml'), described);
}, 300_000);

afterAll(() => rmSync(copy.root, { recursive: true, force: true }));

describe('what has to be edited by hand', () => {
  it('for a domain: one registry of each layer', () => {
    expect(edited.domain).toEqual([
      'alert-rules/src/domains.ts',
      'dashboards/src/domains.ts',
      'exporters/exporters.ts',
      'pack/domains.ts',
    ]);
  });

  it('for a metric: where it is declared, and where it is measured', () => {
    expect(edited.metric).toEqual(['exporters/encryption/metrics.ts', 'pack/encryption/metrics.ts']);
  });

  it('for an alert: its rule and its test, beside a new runbook', () => {
    expect(edited.alert).toEqual([
      'alert-rules/src/encryption/providers.ts',
      'alert-rules/src/encryption/tests/index.ts',
    ]);
  });

  it('and all else that changed is generated', () => {
    const byHand = new Set(Object.values(edited).flat());
    expect(copy.changed().filter((path) => !byHand.has(path))).toEqual([
      'alert-rules/prometheus/kop-encryption.yaml',
      'dashboards/json/kop-overview.json',
      'docs/configuration.md',
      'docs/metrics.md',
      'pack/pack.schema.json',
    ]);
  });
});

describe('the sample domain', () => {
  it('has a section of the description, and a wrong value is refused with its line', () => {
    expect(copy.run(process.execPath, [...kop, 'check', 'backup.yaml'])).toContain('valid');
    writeFileSync(copy.path('wrong.yaml'), described.replace('maxAge: 2h', 'maxAge: soon'));
    expect(() => copy.run(process.execPath, [...kop, 'check', 'wrong.yaml'])).toThrow(
      /wrong\.yaml:6:\d+: backups\.nightly\.maxAge: soon is not valid/,
    );
    writeFileSync(copy.path('wrong.yaml'), described.replace('team: platform,', 'team: nobody,'));
    expect(() => copy.run(process.execPath, [...kop, 'check', 'wrong.yaml'])).toThrow(
      /wrong\.yaml:6:\d+: backups\.nightly\.team: unknown team 'nobody'/,
    );
  });

  it('serves its metrics', async () => {
    writeFileSync(copy.path('nightly.dump'), 'everything');
    utimesSync(copy.path('nightly.dump'), 1_700_000_000, 1_700_000_000);
    const port = await freePort();
    const child = spawn(
      process.execPath,
      [...kop, 'exporters', 'backup', '--config.file=backup.yaml', `--web.listen-address=127.0.0.1:${port}`],
      { cwd: copy.root, stdio: 'ignore', env: outsideOfTests() },
    );
    try {
      await eventually(
        'the exporter is ready',
        30_000,
        async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
      );
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(page).toContain('backup_written_timestamp_seconds{portal="main",backup="nightly"} 1700000000\n');
      expect(page).toContain('backup_max_age_seconds{portal="main",backup="nightly"} 7200\n');
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('has a row on the overview, and a dashboard', () => {
    expect(built).toContain('new      dashboards/json/kop-backup.json');
    const overview = z
      .object({ panels: z.array(z.object({ type: z.string(), title: z.string() })) })
      .parse(JSON.parse(copy.read('dashboards/json/kop-overview.json')));
    const rows = overview.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toContain('Backups');
  });

  it('is in the references', () => {
    expect(copy.read('docs/metrics.md')).toContain('| `backup:age:seconds` |');
    expect(copy.read('docs/configuration.md')).toContain('| `backups.NAME.maxAge` |');
  });

  it('has a rule', () => {
    expect(copy.read('alert-rules/prometheus/kop-backup.yaml')).toContain('alert: BackupTooOld');
  });

  it.skipIf(promtools.length === 0)('has an alert that fires, and one that does not', () => {
    expect(tested('backup', 'BackupTooOld')).toBe(true);
  });
});

describe('the new alert of a domain that is there', () => {
  it.skipIf(promtools.length === 0)('fires, and does not', () => {
    expect(tested('encryption', 'EncryptionRoundsMissing')).toBe(true);
  });
});

describe('in the copy', () => {
  it('lint passes', { timeout: 120_000 }, () => {
    const touched = [...copy.changed(), ...copy.added()].filter((path) => /\.(ts|json)$/.test(path));
    expect(copy.runPackage('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', ...touched])).toContain(
      'No fixes',
    );
  });

  it('types are right', { timeout: 180_000 }, () => {
    expect(copy.runPackage('typescript/bin/tsc', ['--noEmit'])).toBe('');
  });

  it('the catalogue, the import rules and what is generated hold', { timeout: 300_000 }, () => {
    const tests = ['rules', 'dashboards', 'architecture', 'generated'].map((name) => `test/contract/${name}.test.ts`);
    const said = copy.runPackage('vitest/vitest.mjs', ['run', '--project=integration', '--reporter=dot', ...tests]);
    expect(said).toMatch(/Test Files .*4 passed/);
  });
});

/** Whether promtool agrees with the tests of one alert: those of a whole file take long. */
function tested(file: string, alert: string): boolean {
  const path = `alert-rules/tests/${file}.test.yaml`;
  const whole = z.looseObject({ tests: z.array(z.looseObject({ name: z.string() })) }).parse(parse(copy.read(path)));
  const tests = whole.tests.filter(({ name }) => name.startsWith(`${alert}: `));
  expect(tests).toHaveLength(2);
  writeFileSync(copy.path(`alert-rules/tests/${alert}.yaml`), stringify({ ...whole, tests }));
  return promtools.every((promtool) =>
    run(promtool, ['test', 'rules', copy.path(`alert-rules/tests/${alert}.yaml`)]).includes('SUCCESS'),
  );
}

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  InvalidPack,
  loadPack,
  type Pack,
  packageRoot,
  type SecretText,
  shippedPackPath,
} from '../../../pack/index.js';

const minimal = 'test/fixtures/pack/minimal.yaml';
const overlay = 'test/fixtures/pack/overlay.yaml';

afterEach(() => vi.unstubAllEnvs());

function temporary(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'kop-load-')), 'extra.yaml');
  writeFileSync(file, text);
  return file;
}

function first<T>(list: readonly T[]): T {
  const [item] = list;
  if (item === undefined) {
    throw new Error('the list is empty');
  }
  return item;
}

describe('the shipped description', () => {
  test('is what is loaded when nothing is named', () => {
    const pack = loadPack([], { requireSecrets: false });
    expect(pack.source.described).toEqual([shippedPackPath()]);
    expect(pack.portals.map(({ name }) => name)).toEqual(['kingston']);
    expect(pack.workflows.map(({ name, slaSeconds }) => [name, slaSeconds])).toEqual([
      ['health-canary', 1],
      ['auth-canary', 1],
      ['client-list', 1.5],
      ['client-detail', 1.5],
      ['product-overview', 1],
      ['analytics-dashboard', 2],
      ['home-dashboard', 2],
      ['bulk-read', 3],
      ['navigation', 1],
      ['search', 1],
    ]);
  });

  test('asks for its secrets by name and place', () => {
    vi.stubEnv('KINGSTON_PROBE_EMAIL', undefined);
    vi.stubEnv('KINGSTON_PROBE_PASSWORD', '');
    vi.stubEnv('KINGSTON_AUDIT_DATABASE_URL', undefined);
    vi.stubEnv('KINGSTON_COMPLIANCE_DATABASE_URL', undefined);
    const keys = [
      'portals.kingston.auth.fields.email',
      'portals.kingston.auth.fields.password',
      'auditTrails.kingston.database.url',
      'compliance.kingston.databases.portal.url',
    ];
    expect(() => loadPack()).toThrow(
      expect.objectContaining({
        problems: keys.map((key) =>
          expect.objectContaining({
            key,
            secretMissing: true,
            confidential: true,
          }),
        ),
      }),
    );
  });

  test('is valid with its secrets, and shows them nowhere', () => {
    vi.stubEnv('KINGSTON_PROBE_EMAIL', 'probe@example.com');
    vi.stubEnv('KINGSTON_PROBE_PASSWORD', 'correct-horse');
    vi.stubEnv('KINGSTON_AUDIT_DATABASE_URL', 'postgres://auditor@localhost/kingstons_portal');
    vi.stubEnv('KINGSTON_COMPLIANCE_DATABASE_URL', 'postgres://compliance@localhost/kingstons_portal');
    const pack = loadPack();
    expect(JSON.stringify(pack)).not.toContain('correct-horse');
    const { auth } = first(pack.portals);
    expect(auth.kind === 'login' && auth.fields.password?.reveal()).toBe('correct-horse');
  });

  test('asks for the secrets of some sections only, where only those are used', () => {
    vi.stubEnv('KINGSTON_PROBE_EMAIL', 'probe@example.com');
    vi.stubEnv('KINGSTON_PROBE_PASSWORD', 'correct-horse');
    vi.stubEnv('KINGSTON_AUDIT_DATABASE_URL', undefined);
    expect(loadPack([], { requireSecrets: ['portals', 'workflows'] }).auditTrails).toHaveLength(1);
    expect(() => loadPack([], { requireSecrets: ['auditTrails'] })).toThrow('KINGSTON_AUDIT_DATABASE_URL');
  });

  test('lies at the root of the package', () => {
    expect(packageRoot()).toBe(process.cwd());
  });
});

describe('defaults', () => {
  const pack = loadPack([minimal]);
  const workflow = first(pack.workflows);

  test('of a portal', () => {
    expect(first(pack.portals)).toEqual({
      name: 'main',
      title: 'Main portal',
      baseUrl: 'https://portal.example.com',
      pathStyle: 'underscore',
      pathStyleExceptions: [],
      variables: { clientId: '7' },
      headers: {},
      auth: { kind: 'none' },
      identities: {},
      tls: { minVersion: 'TLSv1.2', insecureSkipVerify: false },
      network: { ipPreference: 'any', proxy: 'environment', http2: true, maxHeaderBytes: 16_384, redirectOrigins: [] },
      allowMutations: false,
      neverProbe: [],
      allowEncodedSlashes: false,
      limits: { maxInFlight: 4, abandonedAfterMs: 300_000 },
    });
  });

  test('of a workflow', () => {
    expect(workflow).toMatchObject({
      portals: ['main'],
      schedule: { intervalMs: 30_000, jitterRatio: 0.1, timeoutMs: 6000, warmupRuns: 1 },
      connection: 'fresh',
      authenticated: false,
    });
  });

  test('of a step', () => {
    expect(first(workflow.steps)).toEqual({
      name: 'page',
      kind: 'http',
      method: 'GET',
      path: '/',
      query: {},
      headers: {},
      extract: {},
      expect: {
        status: [{ min: 200, max: 200 }],
        headers: {},
        json: [],
        bodyMatches: [],
        bodyNotMatches: [],
        endsAt: [],
      },
      retries: 0,
      mutates: false,
      maxRedirects: 5,
      maxBodyBytes: 5_000_000,
    });
  });

  test('of alerting and severities', () => {
    expect(pack.alerting).toMatchObject({ minimumMissedRuns: 3, noDataForSeconds: 600, stalledForSeconds: 1800 });
    expect(pack.alerting.burn.map(({ name }) => name)).toEqual(['fast', 'medium', 'slow', 'trickle']);
    expect(pack.severities.map(({ priority, severity }) => [priority, severity])).toEqual([
      ['critical', 'critical'],
      ['high', 'critical'],
      ['medium', 'warning'],
      ['low', 'info'],
    ]);
  });

  test.each([
    ['1s', '30s', 6000],
    ['10s', '30s', 20_000],
    ['10s', '15s', 15_000],
    ['14s', '15s', 15_000],
  ])('a run with an SLA of %s every %s is cut off after %d ms', (sla, interval, expected) => {
    const file = temporary(`workflows: { home: { sla: ${sla}, schedule: { interval: ${interval} } } }`);
    expect(first(loadPack([minimal, file]).workflows).schedule.timeoutMs).toBe(expected);
  });
});

describe('several files', () => {
  test('are read as one', () => {
    const pack = loadPack([minimal, overlay]);
    expect(first(pack.portals)).toMatchObject({
      title: 'Main portal',
      baseUrl: 'http://localhost:8001',
      variables: { clientId: '7', groupId: '9' },
    });
    expect(first(pack.workflows).steps.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(pack.source.files).toEqual([minimal, overlay]);
  });

  test('have a digest of what they say together, not of how it is written', () => {
    const digest = (...files: string[]) => loadPack(files).source.sha256;
    expect(digest(minimal)).toMatch(/^[0-9a-f]{64}$/);
    expect(digest(minimal, overlay)).not.toBe(digest(minimal));
    expect(digest(minimal, temporary('teams: { platform: { title: Platform } } # as before'))).toBe(digest(minimal));
  });
});

describe('secrets', () => {
  const header = (pack: Pack): SecretText | undefined => first(pack.portals).headers['X-Api-Key'];

  test('may stand within a text, and files are found beside the file that names them', () => {
    vi.stubEnv('KOP_TEST_KEY', 'from-environment');
    const file = temporary(
      `portals: { main: { headers: { X-Api-Key: 'key \${env:KOP_TEST_KEY} \${file:key.txt}' } } }`,
    );
    writeFileSync(join(file, '..', 'key.txt'), 'from-file\n');
    const value = header(loadPack([minimal, file]));
    expect(value?.reveal()).toBe('key from-environment from-file');
    expect(String(value)).toBe('<secret>');
  });

  test('are not needed to look at the rest', () => {
    const file = temporary(`portals: { main: { headers: { X-Api-Key: '\${env:KOP_TEST_UNSET}' } } }`);
    expect(header(loadPack([minimal, file], { requireSecrets: false }))?.isSecret).toBe(true);
    expect(() => loadPack([minimal, file])).toThrow(InvalidPack);
  });

  test.each([
    'portals: { main: { auth: { kind: basic, username: probe, password: hunter2 } } }',
    'portals: { main: { auth: { kind: header, value: hunter2 } } }',
    'portals: { main: { headers: { Cookie: hunter2 } } }',
    'portals: { main: { baseUrl: "https://probe:hunter2@portal.example.com" } }',
    'portals: { main: { auth: { kind: login, path: /login, fields: { pin: [hunter2] } } } }',
  ])('are not repeated by the message that refuses them: %s', (text) => {
    expect(() => loadPack([minimal, temporary(text)])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

test('every form of a status is understood', () => {
  const file = temporary(
    'workflows: { home: { steps: [{ name: page, path: /, expect: { status: [200, 3xx, 401-403] } }] } }',
  );
  expect(first(first(loadPack([minimal, file]).workflows).steps).expect.status).toEqual([
    { min: 200, max: 200 },
    { min: 300, max: 399 },
    { min: 401, max: 403 },
  ]);
});

test('every other key reaches the domain', () => {
  vi.stubEnv('KOP_TEST_SECRET', 's3cret');
  const folder = join(process.cwd(), 'test/fixtures/pack');
  const { portals, workflows, objectives, calendars, teams, severities, alerting } = loadPack([
    minimal,
    join(folder, 'complete.yaml'),
  ]);
  const shown = JSON.stringify({ portals, workflows, objectives, calendars, teams, severities, alerting });
  expect(JSON.parse(shown.replaceAll(folder, '<folder>'))).toMatchSnapshot();
});

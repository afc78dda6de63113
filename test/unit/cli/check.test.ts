import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkCommand } from '../../../cli/check.js';
import { kopCall } from '../../../exporters/runtime/call.js';

const minimal = 'test/fixtures/pack/minimal.yaml';

let printed: string;

beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

async function run(...args: string[]) {
  await checkCommand().parseAsync(args, { from: 'user' });
  return { code: process.exitCode, printed };
}

test('a valid description is summed up', async () => {
  expect(await run(minimal)).toEqual({
    code: 0,
    printed: [
      'valid  test/fixtures/pack/minimal.yaml',
      '1 portal, 1 workflow, 1 step, 1 objective, 0 calendars, 1 team, 4 burn alerts',
      'Portal main: 4 requests at once; while 1 workflow hangs, the others are measured all the same. Each further one needs a higher limits.maxInFlight.',
      `Run ${kopCall()} build to write alert rules and dashboards from it.`,
      '',
    ].join('\n'),
  });
});

test('problems are shown in their lines, with what to do', async () => {
  const result = await run(minimal, 'test/fixtures/pack/invalid-duration-bare.yaml');
  expect(result.code).toBe(1);
  expect(result.printed).toBe(
    [
      'test/fixtures/pack/invalid-duration-bare.yaml:4:10: workflows.home.sla: 2 is not valid; expected a duration such as 1.5s',
      '    4 |     sla: 2',
      '      |          ^',
      '',
      `1 problem. Change the lines above and run ${kopCall()} check again.`,
      '',
    ].join('\n'),
  );
});

test('a list that a later file empties is told, item by item', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kop-check-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = ['[/admin/**, /pay/*]', '[]'].map((list, index) => {
    const file = join(folder, `${index}.yaml`);
    writeFileSync(file, `portals: { main: { neverProbe: ${list} } }\n`);
    return file;
  });
  const { code, printed: told } = await run(minimal, ...files);
  expect(code).toBe(0);
  expect(told).toContain(
    '\nRemoved by a later file: portals.main.neverProbe (/admin/**), portals.main.neverProbe (/pay/*).\n',
  );
});

test('a secret is not shown with its line', async () => {
  const result = await run(minimal, 'test/fixtures/pack/invalid-secret-literal.yaml');
  expect(result.code).toBe(1);
  expect(result.printed).not.toContain('letmein');
});

test('a missing file means that nothing was checked', async () => {
  const result = await run('absent.yaml');
  expect(result.code).toBe(2);
  expect(result.printed).toContain('absent.yaml: no such file or folder');
  expect(result.printed).toContain('The check could not be made.');
});

test('secrets are asked for, unless they are elsewhere', async () => {
  vi.stubEnv('KINGSTON_PROBE_EMAIL', undefined);
  vi.stubEnv('KINGSTON_PROBE_PASSWORD', undefined);
  const without = await run('pack.yaml');
  expect(without.code).toBe(1);
  expect(without.printed).toContain('environment variable KINGSTON_PROBE_EMAIL is not set');
  expect(without.printed).toContain(`${kopCall()} check --skip-secrets`);
  const skipped = await run('--skip-secrets', 'pack.yaml');
  expect(skipped.code).toBe(0);
  expect(skipped.printed).toContain('Secrets were not looked for.');
});

test('programs get JSON in both cases', async () => {
  const good = await run('--json', minimal);
  expect(JSON.parse(good.printed)).toMatchObject({
    valid: true,
    files: [minimal],
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    counts: { portals: 1, workflows: 1, steps: 1 },
    problems: [],
  });
  printed = '';
  const bad = await run('--json', minimal, 'test/fixtures/pack/invalid-unknown-key.yaml');
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.printed)).toMatchObject({
    valid: false,
    problems: [{ line: 4, column: 5, key: 'workflows.home.slaa', message: 'unknown key', didYouMean: 'sla' }],
  });
});

test('help shows examples and exit codes', () => {
  const command = checkCommand().configureOutput({ writeOut: () => undefined });
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  expect(help).toContain('kop check pack.yaml mine.yaml');
  expect(help).toContain('Exit codes:');
});

test('what is valid and yet worth a word is told: keys that do nothing any more, and too few places', async () => {
  const limits =
    'portals: { main: { limits: { maxInFlight: 2, backoff: { initial: 15s, max: 5m } } } }\n' +
    'auditTrails: { main: { title: Trail, team: platform, portal: main, database: { url: postgres://a@db/portal }, ' +
    'witness: { kind: walinspect, database: { url: postgres://w@db/portal } } } }';
  const folder = mkdtempSync(join(tmpdir(), 'kop-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'limits.yaml');
  writeFileSync(path, limits);
  const result = await run(minimal, path);
  expect(result.code).toBe(0);
  expect(result.printed).toContain('warning  portals.main.limits.backoff is no longer used');
  expect(result.printed).toContain('warning  auditTrails.main.witness of kind walinspect is no longer supported');
  expect(result.printed).toContain('with fewer than 3 places none is kept for the canary');
  expect(result.printed).toContain('with fewer than 4 places a workflow, the canary too, whose request is neither');
  for (const [places, isWarned] of [
    [3, true],
    [4, false],
  ] as const) {
    writeFileSync(path, `portals: { main: { limits: { maxInFlight: ${places} } } }`);
    const { printed } = await run(minimal, path);
    expect(printed.includes(`maxInFlight is ${places}: with fewer than 4 places`)).toBe(isWarned);
    expect(printed).not.toContain(`maxInFlight is ${places}: with fewer than 3 places`);
  }
});

describe('a file that holds a secret', () => {
  const checked = async (content: string | Buffer, mode = 0o600) => {
    const folder = mkdtempSync(join(tmpdir(), 'kop-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [path, secret] = [join(folder, 'header.yaml'), join(folder, 'key')];
    writeFileSync(secret, content);
    chmodSync(secret, mode);
    writeFileSync(path, `portals: { main: { headers: { X-Api-Key: '${'$'}{file:${secret}}' } } }`);
    return run(minimal, path);
  };

  test('is told when everybody on the machine may read it', async () => {
    expect((await checked('hidden')).printed).not.toContain('warning');
    const { code, printed } = await checked('hidden', 0o644);
    expect(code).toBe(0);
    expect(printed).toMatch(/warning {2}secret file \S+\/key may be read by everybody on this machine \(mode 644\)/);
  });

  test.each([
    ['of blanks', ' \t\n', 'holds only blanks; expected a secret with other characters'],
    ['with a NUL byte', 'a\0b', 'contains a NUL byte; expected text without NUL bytes'],
    ['of bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0xfe]), 'is not UTF-8; expected text in UTF-8'],
  ])('%s is refused', async (_, content, message) => {
    const { code, printed } = await checked(content);
    expect(code).toBe(1);
    expect(printed).toContain(message);
    expect(printed).toMatch(/secret file \S+\/key/);
  });
});

test('of a regex without a group `ciphertext` it is told what is judged instead', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kop-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'scan.yaml');
  const withFormat = (regex: string) =>
    writeFileSync(
      path,
      `encryption: { fields: { title: Fields, portal: main, team: platform, objective: responsive, scan: { database: { url: 'postgres://a@db/portal' }, columns: [{ table: public.notes, column: note, format: { regex: '${regex}' } }] } } }`,
    );
  withFormat('enc:(?<ciphertext>[A-Za-z0-9+/]+)');
  expect((await run(minimal, path)).printed).not.toContain('has no group');
  withFormat('enc:[A-Za-z0-9+/]+');
  const { code, printed } = await run(minimal, path);
  expect(code).toBe(0);
  expect(printed).toContain(
    'the regex of public.notes.note has no group (?<ciphertext>…), so that the whole value is asked',
  );
});

describe('a value that may be a secret, although its name does not say so, is told without being shown', () => {
  const reference = '$' + '{env:PROBE_PASSWORD}';
  const login = (fields: string) => `portals: { main: { auth: { kind: login, path: /login, fields: { ${fields} } } } }`;
  const step = (part: string) =>
    `workflows: { home: { steps: [{ name: page, path: /, method: POST, mutates: false, ${part} }] } }`;
  const where = 'portals.main.auth.fields';
  test.each([
    ['the only field that can be one', login('user: probe, what: letmein'), [`${where}.what stands in plain`]],
    [
      'a word that no person would choose',
      login(`what: let-letmein9, password: "${reference}"`),
      [`${where}.what stands`],
    ],
    ['words beside a reference', login(`tenant: letmein, area: letmein, password: "${reference}"`), []],
    ['settings', login(`grant_type: password, remember: 'true', user: letmein, password: "${reference}"`), []],
    [
      'a document with one in it',
      login(`query: 'mutation { login(pin: "letmein") { id } }'`),
      [`${where}.query holds 'pin'`],
    ],
    [
      'fields of other kinds of logins',
      `portals: { main: { auth: { kind: form, path: /login, forms: [{ fields: { what: letmein } }] },
        identities: { boss: { kind: login, path: /login, fields: { a: "${reference}" },
          secondStep: { path: /second, fields: { code: letmein-1 } } } } } }`,
      ['portals.main.auth.forms[0].fields.what', 'portals.main.identities.boss.secondStep.fields.code'],
    ],
    [
      'a document in a step',
      step(`body: { json: { query: 'mutation { go(password: "letmein") }' } }`),
      ["query holds 'password'"],
    ],
    ['an address in a step', step('query: { next: "/a?token=letmein" }'), ["query.next holds 'token'"]],
    [
      'variables and references in a step',
      step(`query: { next: "/a?id={clientId}&token={clientId}", to: "/b?pin=${reference}" }`),
      [],
    ],
  ])('%s', async (_, text, told) => {
    const folder = mkdtempSync(join(tmpdir(), 'kop-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'pack.yaml'), text);
    const result = await run('--skip-secrets', minimal, join(folder, 'pack.yaml'));
    expect(result.printed).not.toContain('letmein');
    expect(result.printed.split('\n').filter((line) => line.startsWith('warning'))).toEqual(
      told.map((part) => expect.stringContaining(part)),
    );
    expect(result.code).toBe(0);
  });
});

test('nothing that the pack ships is told of so', async () => {
  const result = await run('--skip-secrets');
  expect(result.printed).not.toContain('warning');
});

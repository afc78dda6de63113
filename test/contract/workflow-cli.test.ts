import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadPack } from '../../pack/index.js';
import { type Ended, kopHere } from '../support/cli.js';
import { fileOf } from '../support/workflow/certificates.js';
import { builtCli, packYaml, workflowYaml, writePack } from '../support/workflow/process.js';
import { type Handler, httpServer, json } from '../support/workflow/server.js';

function kop(args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  // The test runner asks for colours in its own name.
  const { FORCE_COLOR: _, ...inherited } = process.env;
  const env = { ...inherited, ...more };
  return new Promise((resolve) => {
    execFile(process.execPath, [builtCli, 'workflow', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function pack(handler: Handler, workflows = workflowYaml('client-list'), portals = ['kingston'], extra = '') {
  const server = await httpServer(handler);
  const yaml = portals.map(
    (name) => `${name}: { title: ${name}, baseUrl: "${server.url}", network: { proxy: none }${extra} }`,
  );
  return { server, file: writePack(packYaml(yaml.join('\n'), workflows)) };
}

const fine: Handler = (_, response) => json(response, {});

describe('kop workflow run', () => {
  test('shows a run that met its SLA, after one warm-up, and ends with 0', async () => {
    const { server, file } = await pack(fine);
    const { code, stdout, stderr } = await kop(['run', 'client-list', '--config.file', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ client-list on kingston {3}[\d.]+ ms of 500 ms {3}SLA met\n/);
    expect(stdout).toContain('▒connect');
    // No terminal, no colours.
    expect(stdout).not.toContain('\u001b');
    expect(server.requests).toHaveLength(2);
  });

  test('of a run that missed ends with 1 and says why; a failed warm-up is enough', async () => {
    const { server, file } = await pack((_, response) => json(response, {}, 500));
    const { code, stdout } = await kop(['run', 'client-list', '--config.file', file]);
    expect(code).toBe(1);
    expect(stdout).toContain('✗ status: status 500, expected 200');
    expect(server.requests).toHaveLength(1);
  });

  test('prints JSON for programs', async () => {
    const { server, file } = await pack(fine);
    const { stdout } = await kop([
      'run',
      'client-list',
      '--config.file',
      file,
      '--json',
      '--repeat',
      '3',
      '--warm-up',
      '0',
    ]);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      workflow: 'client-list',
      portal: 'kingston',
      runs: [{ verdict: 'met', trigger: 'command' }, {}, {}],
    });
    expect(server.requests).toHaveLength(3);
  });

  test('sends secrets of queries, bodies and variables, prints none, and says which is missing', async () => {
    const reference = (name: string) => `"$\{env:${name}}"`;
    const steps = `- name: look
  path: /look/{key}
  method: POST
  mutates: false
  query: { api_key: ${reference('KOP_TEST_QUERY')} }
  body: { json: { password: ${reference('KOP_TEST_BODY')} } }`;
    const variables = `, variables: { key: ${reference('KOP_TEST_KEY')}, unused: ${reference('KOP_TEST_UNUSED')} }`;
    // As the worst of portals would, it sends everything back in what is told to people.
    const { server, file } = await pack(
      (request, response, body) => {
        response.writeHead(302, { location: `http://elsewhere.test/${request.url}?${encodeURIComponent(body)}` }).end();
      },
      workflowYaml('client-list', '', steps),
      ['kingston'],
      variables,
    );
    const secrets = { KOP_TEST_QUERY: 'query-5f1a', KOP_TEST_BODY: 'body-77c0', KOP_TEST_KEY: 'key-e09b' };
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await kop(['run', 'client-list', '--config.file', file, ...more], secrets);
      expect(code).toBe(1);
      expect(stdout).toContain('redirect');
      expect(stdout + stderr).not.toMatch(/5f1a|77c0|e09b/);
    }
    expect(server.requests[0]).toMatchObject({
      url: '/look/key-e09b?api_key=query-5f1a',
      body: '{"password":"body-77c0"}',
    });
    const { KOP_TEST_BODY: _, ...less } = secrets;
    expect(await kop(['run', 'client-list', '--config.file', file], less)).toMatchObject({
      code: 2,
      stderr: 'environment variable KOP_TEST_BODY is not set; set it and try again\n',
    });
  });

  test('repeats, and sums up', async () => {
    const { file } = await pack(fine);
    const { code, stdout } = await kop(['run', 'client-list', '--config.file', file, '--repeat', '4']);
    expect(code).toBe(0);
    expect(stdout.match(/^ +[\d.]+ ms {3}met$/gm)).toHaveLength(4);
    expect(stdout).toMatch(/^4 of 4 met the SLA; least [\d.]+ ms, median [\d.]+ ms, p95 [\d.]+ ms, most [\d.]+ ms$/m);
  });

  test('leaves a portal that does not answer in peace', async () => {
    const { server, file } = await pack(() => {});
    const { code, stdout } = await kop([
      'run',
      'client-list',
      '--config.file',
      file,
      '--repeat',
      '5',
      '--warm-up',
      '0',
      '--timeout',
      '300ms',
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('timeout');
    expect(stdout).toContain('stopped after 1 of 5');
    expect(server.requests).toHaveLength(1);
  });

  const cannot: [what: string, args: string[], message: string][] = [
    ['an unknown workflow', ['client-lst'], "there is no workflow 'client-lst'; did you mean 'client-list'?"],
    ['a name like no other', ['zzz'], "there is no workflow 'zzz'; there are client-list"],
    [
      'an unknown portal',
      ['client-list', '--portal', 'stagng'],
      "there is no portal of workflow client-list 'stagng'; did you mean 'staging'?",
    ],
    ['several portals', ['client-list'], 'workflow client-list runs on kingston and staging; say which with --portal'],
    ['a bad duration', ['client-list', '--timeout', '5'], 'Expected a duration such as 30s.'],
    ['a bad count', ['client-list', '--repeat', 'x'], 'Expected a whole number from 1 to 1000.'],
  ];
  test.each(cannot)('with %s cannot run, and ends with 2', async (_, args, message) => {
    const { file, server } = await pack(fine, workflowYaml('client-list'), ['kingston', 'staging']);
    const { code, stderr } = await kopHere('workflow', 'run', ...args, '--config.file', file);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    expect(server.requests).toHaveLength(0);
  });

  test('without a secret says what to set; those of others do not matter', async () => {
    const auth = `, auth: { kind: header, value: "\${env:KOP_TEST_RUN_KEY}" }`;
    const workflows = workflowYaml('open') + workflowYaml('closed', 'authenticated: true');
    const { file, server } = await pack(fine, workflows, ['kingston'], auth);
    expect((await kop(['run', 'open', '--config.file', file])).code).toBe(0);
    const { code, stderr } = await kop(['run', 'closed', '--config.file', file]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'environment variable KOP_TEST_RUN_KEY is not set; set it and try again\n',
    });
    const set = await kop(['run', 'closed', '--config.file', file], { KOP_TEST_RUN_KEY: 'key-of-the-run' });
    expect(set.code).toBe(0);
    expect(server.requests.at(-1)?.headers.authorization).toBe('key-of-the-run');
    expect(set.stdout).not.toContain('key-of-the-run');
  });

  test('of a bad pack says where, and ends with 2', async () => {
    const file = fileOf('pack.yaml', 'workflows: 5\n');
    expect(await kopHere('workflow', 'run', 'x', '--config.file', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${file}:1:`),
    });
  });
});

describe('kop workflow import', () => {
  const fixtures = fileURLToPath(new URL('../fixtures/workflow/har/', import.meta.url));
  const args = ['import', join(fixtures, 'chrome.har'), '--config.file', join(fixtures, 'pack.yaml')];

  test('prints the workflow alone, and what it says about it elsewhere', async () => {
    const { code, stdout, stderr } = await kop(args);
    expect(code).toBe(0);
    expect(
      loadPack([join(fixtures, 'pack.yaml'), fileOf('out.yaml', stdout)], { requireSecrets: false }).workflows,
    ).toHaveLength(1);
    expect(stderr).toMatch(/^chrome: 8 of 20 requests became steps on kingston\.\n/);
  });

  test('writes a file, but never over another', async () => {
    const out = join(dirname(fileOf('x', '')), 'open-client.yaml');
    expect((await kopHere('workflow', ...args, '--out', out, '--name', 'open-client')).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('  open-client:\n');
    expect(await kopHere('workflow', ...args, '--out', out)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exists; remove it'),
    });
  });

  test('prints JSON for programs', async () => {
    const { stdout } = await kopHere('workflow', ...args, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'chrome',
      portal: 'kingston',
      environment: expect.arrayContaining(['KINGSTON_X_API_KEY', 'KINGSTON_CLIENT_SECRET']),
    });
  });

  test('of a broken file ends with 2 and writes nothing', async () => {
    const out = join(dirname(fileOf('x', '')), 'none.yaml');
    const { code, stderr } = await kopHere('workflow', 'import', join(fixtures, 'cut-off.har'), '--out', out);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('this is not JSON') });
    expect(existsSync(out)).toBe(false);
  });
});

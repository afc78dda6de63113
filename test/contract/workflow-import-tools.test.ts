import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importHar } from '../../exporters/workflow/har/index.js';
import { loadPack } from '../../pack/index.js';

/**
 * Recordings of other tools than browsers. Those in test/fixtures/workflow/har/recorded were made by record.mjs beside them.
 * The shapes below are those of tools that do not run here, as their exports and their documentation show them.
 */
const recorded = 'test/fixtures/workflow/har/recorded';
const folder = mkdtempSync(join(tmpdir(), 'kop-har-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packFile = join(folder, 'pack.yaml');
writeFileSync(
  packFile,
  `teams: { platform: { title: Platform } }
objectives: { responsive: { title: Responsive, target: 99%, period: 30d } }
portals: { demo: { title: Demo, baseUrl: https://portal.example.com, allowMutations: true } }
`,
);
const pack = loadPack([packFile], { requireSecrets: false });

describe('recordings of the demo portal', () => {
  test.each(['playwright.har', 'playwright-attached.har', 'mitmproxy.har'])('%s', (name) => {
    const file = join(recorded, name);
    const text = readFileSync(file, 'utf8');
    const [baseUrl = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
    const { yaml, summary, environment } = importHar(file, { pack, baseUrl });
    expect(yaml + summary.join()).not.toMatch(/Recorded-Passw0rd|probe@kingston|6f1c2b1e|eyJ/);
    const imported = join(folder, `${name}.yaml`);
    writeFileSync(imported, yaml);
    const { portals, workflows } = loadPack([packFile, imported], { requireSecrets: false });
    expect(portals[0]?.auth).toMatchObject({ kind: 'login', path: '/api/auth/login', encoding: 'json' });
    const steps = workflows[0]?.steps ?? [];
    expect(steps.map(({ path }) => path).filter((path) => path !== '/')).toEqual([
      '/api/auth/me',
      '/api/client_groups',
      '/api/client_groups/{id}',
      '/api/search',
    ]);
    expect(steps.find(({ path }) => path === '/api/client_groups')?.expect.json).toEqual([{ path: '$', minItems: 1 }]);
    expect(environment).toEqual(['DEMO_EMAIL', 'DEMO_PASSWORD', 'DEMO_KEY']);
  });
});

const request = { method: 'GET', url: 'https://portal.example.com/api/clients?limit=3' };
const answer = '{"clients":[{"id":"c-10481"}]}';
const json = [{ name: 'Content-Type', value: 'application/json; charset=utf-8' }];

describe('shapes of other tools', () => {
  test.each<[string, object]>([
    // Insomnia: the type of the answer stands in its header only, keys of its own.
    [
      'Insomnia',
      {
        request: { ...request, settingEncodeUrl: true },
        response: { status: 200, headers: json, content: { text: answer } },
      },
    ],
    // Charles and Proxyman write null where they know nothing, and tunnels as entries.
    [
      'Charles',
      {
        time: null,
        request: { ...request, headers: null, cookies: null, postData: null, comment: null },
        response: {
          status: 200,
          headers: json,
          cookies: null,
          redirectURL: null,
          content: { mimeType: null, text: answer, encoding: null },
        },
      },
    ],
    // Fiddler: sizes of -1, empty lists, bodies in Base64.
    [
      'Fiddler',
      {
        time: -1,
        request: {
          ...request,
          headers: [],
          cookies: [],
          bodySize: -1,
          postData: { mimeType: '', text: '', params: [] },
        },
        response: {
          status: 200,
          headers: json,
          cookies: [],
          redirectURL: '',
          content: { mimeType: 'application/json', encoding: 'base64', text: Buffer.from(answer).toString('base64') },
        },
      },
    ],
    // k6 and Postman's converters: numbers and booleans where HAR says texts.
    [
      'k6',
      {
        request: { ...request, headers: [{ name: 'X-Page', value: 3 }], cookies: [] },
        response: {
          status: 200,
          headers: [...json, { name: 'X-Cached', value: false }],
          content: { size: 30, mimeType: 'application/json', text: answer },
        },
      },
    ],
  ])('%s', (tool, entry) => {
    const { yaml, steps } = importHar(write(tool, [entry]), { pack });
    expect(steps).toEqual(['clients']);
    expect(yaml).toContain('{ path: $.clients, minItems: 1 }');
    expect(yaml).toContain('contentType: application/json');
  });

  test('tunnels, extensions and requests without an answer beside it are no reason to refuse the recording', () => {
    const good = { request, response: { status: 200, content: { mimeType: 'application/json', text: answer } } };
    const file = write('mixed', [
      { request: { method: 'CONNECT', url: 'portal.example.com:443' }, response: { status: 200 } },
      { request: { method: 'CONNECT', url: 'https://portal.example.com:443' }, response: { status: 200 } },
      { request: { method: 'GET', url: 'chrome-extension://abc/x.js' }, response: { status: 200 } },
      { request: { method: 'GET', url: 'https://portal.example.com/api/lost' } },
      { request: { method: 'GET', url: 'https://portal.example.com/api/failed' }, response: { status: -1 } },
      good,
    ]);
    const { steps, dropped } = importHar(file, { pack });
    expect(steps).toEqual(['clients']);
    expect(dropped).toEqual({ 'no answer in the recording': 2 });
  });

  test('the login cookie of a tool that leaves its list of cookies empty is a secret all the same', () => {
    const file = write('cookies', [
      {
        request: { method: 'GET', url: 'https://portal.example.com/api/start' },
        response: { status: 200, headers: [{ name: 'set-cookie', value: 'sid=wordlikesecret; Path=/' }], cookies: [] },
      },
      {
        request: { method: 'GET', url: 'https://portal.example.com/api/x?q=wordlikesecret' },
        response: { status: 200 },
      },
    ]);
    expect(importHar(file, { pack }).yaml).not.toContain('wordlikesecret');
  });

  test.each([
    ['an archive', 'PK\u0003\u0004', 'this is a ZIP archive; unpack it'],
    ['a body elsewhere', bodyIn('../pack.yaml'), 'a body outside the folder of the recording is not read'],
    ['a body that is not there', bodyIn('gone.json'), 'gone.json: does not exist; keep the files beside the recording'],
  ])('%s is refused', (name, text, message) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.har`);
    writeFileSync(file, text);
    expect(() => importHar(file, { pack })).toThrow(message);
  });
});

test('long texts and many rows in answers take no time to speak of', () => {
  const rows = Array.from({ length: 5000 }, (_, id) => ({ id, email: `c${id}@x.test`, note: 'hello: a=b' }));
  const images = Array.from({ length: 100 }, () => 'a1b2'.repeat(4_900));
  const answers = [images, rows].map((value, index) => ({
    request: { method: 'GET', url: `https://portal.example.com/api/${'ab'[index]}` },
    response: { status: 200, content: { mimeType: 'application/json', text: JSON.stringify(value) } },
  }));
  const before = process.cpuUsage();
  importHar(write('long', answers), { pack });
  // A minute where each character of a long text began a search.
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(5);
});

test('a pipe or a device in place of a recording, or of a body beside it, hangs nobody', () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const file = join(folder, 'beside-a-pipe.har');
  writeFileSync(file, bodyIn('pipe'));
  expect(() => importHar(file, { pack })).toThrow('pipe: is a pipe; keep the files beside');
  expect(() => importHar(join(folder, 'pipe'), { pack })).toThrow('pipe: is a pipe into which nobody writes');
  expect(() => importHar('/dev/zero', { pack })).toThrow('/dev/zero: is a device; expected a recording');
});

function bodyIn(file: string): string {
  const response = { status: 200, content: { mimeType: 'application/json', _file: file } };
  return JSON.stringify({ log: { entries: [{ request, response }] } });
}

function write(name: string, entries: readonly object[]): string {
  const file = join(folder, `${name}.har`);
  // Fiddler begins with a byte order mark.
  writeFileSync(file, `\uFEFF${JSON.stringify({ log: { version: '1.2', creator: { name }, entries } })}`);
  return file;
}

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { packYaml, TestProcess, workflowYaml } from '../support/workflow/process.js';
import { httpServer, json } from '../support/workflow/server.js';

/** Each finds another way in. Odd characters, because encodings must not let them out. */
const secrets = {
  KOP_TEST_PASSWORD: 'pass "word"/with+odd=chars&ümlaut',
  KOP_TEST_TENANT_KEY: 'tenant-key-8c1f',
  KOP_TEST_STEP_KEY: 'step-key-77aa',
  KOP_TEST_QUERY_KEY: 'query=key&40 9d',
  KOP_TEST_BODY_KEY: 'body"key\\5c1e',
  KOP_TEST_VARIABLE: 'variable/key+e7',
};
/** What the portal gives us, and no file of ours ever held. */
const SESSION = 'session-of-the-cookie-f00dfeed';
const TOKEN = 'bearer-of-the-login-0ddba11';

async function start(answer: 'well' | 'badly') {
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const server = await httpServer((request, response, body) => {
    if (request.url === '/login') {
      json(response, { access_token: TOKEN, you_sent: body }, 200, {
        'set-cookie': `sid=${SESSION}; Path=/; HttpOnly`,
      });
    } else if (answer === 'badly') {
      // Everything that came goes back, in status line, headers and body, as the worst of portals would.
      response.writeHead(500, `no ${TOKEN}`, { 'content-type': `text/${SESSION}` });
      response.end(JSON.stringify({ headers: request.headers, url: request.url, body }));
    } else json(response, { token: TOKEN });
  });
  const steps = `
- name: open
  path: /open
  headers: { X-Step-Key: "\${env:KOP_TEST_STEP_KEY}" }
  extract: { token: { json: $.token } }
- name: use
  path: /use/{token}
  query: { session: "{token}", api_key: "\${env:KOP_TEST_QUERY_KEY}" }
- name: send
  method: POST
  mutates: false
  path: /send/{key}
  headers: { X-CSRF-Token: "{token}" }
  body: { json: { deep: [{ password: "\${env:KOP_TEST_BODY_KEY}" }], client: "{client}" } }`;
  const portal = `
kingston:
  title: Kingston
  baseUrl: "${server.url}"
  network: { proxy: none }
  # The key holds a slash.
  allowEncodedSlashes: true
  variables: { key: "\${env:KOP_TEST_VARIABLE}", client: client-4711 }
  headers: { X-Tenant-Key: "\${env:KOP_TEST_TENANT_KEY}" }
  auth:
    kind: login
    path: /login
    fields: { user: probe, password: "\${env:KOP_TEST_PASSWORD}" }
    token: { json: $.access_token }`;
  const process = await TestProcess.start(
    packYaml(portal, workflowYaml('journey', 'authenticated: true\n  schedule: { interval: 60s }', steps.trim())),
  );
  return { server, process };
}

/** The ways in which a secret may be written. */
function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ x: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
}

describe.each(['well', 'badly'] as const)('a portal that answers %s', (how) => {
  test('gives no secret away on any outlet', async () => {
    const { process, server } = await start(how);
    const debug = await process.get('/probe?workflow=journey&debug=true');
    const landing = await process.get('/');
    const runs = [...landing.text.matchAll(/href="\.(\/workflow-sla\/runs\/\d+)"/g)].map(([, path]) => path ?? '');
    const outlets: [name: string, text: string][] = [
      ['debug', debug.text],
      ['probe', (await process.get('/probe?workflow=journey')).text],
      ['landing page', landing.text],
      ['metrics', (await process.get('/metrics')).text],
      ['OpenMetrics', (await process.get('/metrics', { accept: 'application/openmetrics-text' })).text],
      ['ready', (await process.get('/-/ready')).text],
      ['wrong query', (await process.get('/probe?workflow=x')).text],
      ...(await Promise.all(
        runs.map(async (path): Promise<[string, string]> => [path, (await process.get(path)).text]),
      )),
      ['log', process.logs.join('')],
    ];
    // The secrets were really on their way, and there is something to find.
    expect(server.requests[0]?.body).toContain('odd=chars');
    expect(server.requests[1]?.headers).toMatchObject({
      'x-tenant-key': secrets.KOP_TEST_TENANT_KEY,
      'x-step-key': secrets.KOP_TEST_STEP_KEY,
      authorization: `Bearer ${TOKEN}`,
      cookie: `sid=${SESSION}`,
    });
    expect(runs.length).toBeGreaterThan(0);
    expect(debug.text).toContain('<secret>');
    if (how === 'well') {
      const query = new URLSearchParams({ session: TOKEN, api_key: secrets.KOP_TEST_QUERY_KEY });
      const sent = server.requests.find(({ url }) => url === `/send/${encodeURIComponent(secrets.KOP_TEST_VARIABLE)}`);
      expect(server.requests.some(({ url }) => url === `/use/${TOKEN}?${query}`)).toBe(true);
      expect(sent?.headers['x-csrf-token']).toBe(TOKEN);
      expect(JSON.parse(sent?.body ?? '')).toEqual({
        deep: [{ password: secrets.KOP_TEST_BODY_KEY }],
        client: 'client-4711',
      });
    }

    for (const [outlet, text] of outlets) {
      expect(text.length, outlet).toBeGreaterThan(0);
      // The sample client is no secret, and yet nobody's business.
      for (const secret of [...Object.values(secrets), SESSION, TOKEN, 'client-4711']) {
        for (const form of formsOf(secret)) expect(text.includes(form), `${form} on ${outlet}`).toBe(false);
      }
    }
  });
});

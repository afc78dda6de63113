import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { packYaml, TestProcess, workflowYaml } from '../support/workflow/process.js';
import { type Handler, httpServer, json } from '../support/workflow/server.js';

const rarely = 'schedule: { interval: 60s, warmupRuns: 0 }';

async function start(handler: Handler) {
  const server = await httpServer(handler);
  const portal = `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none } }`;
  return { server, process: await TestProcess.start(packYaml(portal, workflowYaml('client-list', rarely))) };
}

function folderOf(): string {
  const path = mkdtempSync(join(tmpdir(), 'kop-probe-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const fine: Handler = (_, response) => json(response, {});

describe('/probe', () => {
  test('runs a workflow and answers with its figures only', async () => {
    const { process } = await start(fine);
    const { status, text, headers } = await process.get('/probe?workflow=client-list');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('\nprobe_success 1\n');
    expect(text).toMatch(/\nprobe_duration_seconds 0\.\d+\n/);
    expect(text).toContain('\nprobe_sla_target_seconds 0.5\n');
    expect(text).toContain('probe_step_success{step="look"} 1');
    expect(text).not.toMatch(/^(kop|workflow|process)_/m);
  });

  test('speaks OpenMetrics with those that ask for it', async () => {
    const { process } = await start(fine);
    const { text, headers } = await process.get('/probe?workflow=client-list', {
      accept: 'application/openmetrics-text; version=1.0.0',
    });
    expect(headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  test('a failure is an answer, not an error', async () => {
    const { process } = await start((_, response) => json(response, {}, 500));
    const { status, text } = await process.get('/probe?workflow=client-list');
    expect(status).toBe(200);
    expect(text).toContain('\nprobe_success 0\n');
    expect(text).toContain('probe_failure_info{step="look",reason="status"} 1');
  });

  test('a run that says nothing of the portal is no measurement, and says so', async () => {
    const server = await httpServer(fine);
    const file = join(folderOf(), 'key');
    writeFileSync(file, 'secret');
    const portal = `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none } }`;
    const steps = `- { name: look, path: /look, query: { api_key: "\${file:${file}}" } }`;
    const process = await TestProcess.start(packYaml(portal, workflowYaml('client-list', rarely, steps)));
    rmSync(file);
    const { status, text } = await process.get('/probe?workflow=client-list');
    expect(status).toBe(503);
    expect(text).toMatch(/^this run says nothing of the portal \(uncertain: secret\): look: exporter: .*key/);
    const debug = await process.get('/probe?workflow=client-list&debug=true');
    expect(debug.status).toBe(200);
    expect(debug.text).toContain('Metrics\n\nNone: this run says nothing of the portal');
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
  ])('is refused to a foreign page: %j', async (headers) => {
    const { server, process } = await start(fine);
    const { status, text } = await process.get('/probe?workflow=client-list', headers);
    expect([status, text]).toEqual([403, expect.stringMatching(/^refused: this request comes from another/)]);
    expect(server.requests).toHaveLength(0);
  });

  test('shows the retries that a success took', async () => {
    let count = 0;
    const server = await httpServer((_, response) => {
      count += 1;
      json(response, {}, count < 3 ? 503 : 200);
    });
    const portal = `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none } }`;
    const workflow = workflowYaml('client-list', rarely, '- { name: look, path: /look, retries: 3 }');
    const process = await TestProcess.start(packYaml(portal, workflow));
    const { text } = await process.get('/probe?workflow=client-list');
    expect(text).toContain('\nprobe_success 1\n');
    expect(text).toContain('probe_step_retries{step="look"} 2');
  });

  test('answers before the scrape is given up', async () => {
    const { process } = await start(() => {});
    const started = performance.now();
    const { text } = await process.get('/probe?workflow=client-list', { 'x-prometheus-scrape-timeout-seconds': '1.2' });
    // Far below the ten seconds that it would take without the header.
    expect(performance.now() - started).toBeLessThan(5000);
    expect(text).toContain('probe_failure_info{step="look",reason="timeout"} 1');
  });

  test('with less time than the SLA is refused: it could only be cut off, and would send the portal to rest', async () => {
    const { server, process } = await start(fine);
    const hasty = { 'x-prometheus-scrape-timeout-seconds': '0.5' };
    expect(await process.get('/probe?workflow=client-list', hasty)).toMatchObject({
      status: 400,
      text: 'the scrape timeout leaves 450 ms, less than the SLA of 500 ms; raise scrape_timeout\n',
    });
    expect(server.requests).toHaveLength(0);
  });

  test('counts for no SLA, but is kept for people', async () => {
    const { process } = await start(fine);
    await process.get('/probe?workflow=client-list');
    expect(
      (await process.page()).value('workflow_sla_runs_total{portal="kingston",workflow="client-list",sla="met"}'),
    ).toBe(0);
    const [, path] = /href="\.(\/workflow-sla\/runs\/\d+)"/.exec((await process.get('/')).text) ?? [];
    expect(await process.get(path ?? '')).toMatchObject({ status: 200, text: expect.stringContaining('GET /look') });
    expect((await process.get('/workflow-sla/runs/999')).status).toBe(404);
    expect((await process.get('/workflow-sla/runs/x')).status).toBe(404);
  });

  const wrong: [query: string, status: number, message: string][] = [
    ['', 400, 'give one workflow: /probe?workflow=NAME[&portal=NAME][&debug=true]'],
    ['?workflow=', 400, 'give one workflow'],
    ['?workflow=a&workflow=b', 400, 'give one workflow'],
    [
      '?workflow=client-list&target=http://evil.test',
      400,
      'unknown parameter target; known are workflow, portal and debug',
    ],
    ['?workflow=http://evil.test/', 404, "no workflow 'http://evil.test/' in this process; there are client-list"],
    ['?workflow=client-list', 400, 'client-list runs on several portals; add &portal= one of kingston, staging'],
    [
      '?workflow=client-list&portal=nowhere',
      404,
      'client-list does not run on this portal; it runs on kingston, staging',
    ],
  ];
  describe('asked wrongly', () => {
    let process: TestProcess;
    beforeAll(async () => {
      // Nothing listens there, and nobody may find out.
      const portals = ['kingston', 'staging'].map(
        (name) => `${name}: { title: ${name}, baseUrl: "http://127.0.0.1:1" }`,
      );
      process = await TestProcess.start(packYaml(portals.join('\n'), workflowYaml('client-list', rarely)), {
        isShared: true,
      });
    });
    afterAll(() => process.running.stop());

    test.each(wrong)('%s: %i', async (query, status, message) => {
      expect(await process.get(`/probe${query}`)).toMatchObject({ status, text: expect.stringContaining(message) });
    });
  });

  test('with debug says what happened, what was measured and what is configured', async () => {
    const { process } = await start(fine);
    const { text, headers } = await process.get('/probe?workflow=client-list&debug=true');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    for (const part of [
      'SLA met',
      'Log\n',
      'GET /look',
      'Metrics\n',
      'probe_success 1',
      'Configuration\n',
      '"intervalMs": 60000',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('with debug hides secrets, and of variables shows the names only', async () => {
    vi.stubEnv('KOP_TEST_PASSWORD', 'hunter2');
    vi.stubEnv('KOP_TEST_API_KEY', 'abc123');
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await httpServer(fine);
    const variables = '{ password: "$' + '{env:KOP_TEST_PASSWORD}", clientId: client-4711 }';
    const portal = `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none }, variables: ${variables} }`;
    const query = '{ api_key: "$' + '{env:KOP_TEST_API_KEY}", page: 7, id: "{clientId}" }';
    const steps = `- { name: look, path: /look, query: ${query} }`;
    const process = await TestProcess.start(packYaml(portal, workflowYaml('client-list', rarely, steps)));
    const { text } = await process.get('/probe?workflow=client-list&debug=true');
    expect(server.requests[0]?.url).toBe('/look?api_key=abc123&page=7&id=client-4711');
    expect(text).toContain('"page": "7"');
    expect(text).toContain('"api_key": "<secret>"');
    expect(text).toMatch(/"variables": \[\s*"password",\s*"clientId"\s*\]/);
    expect(text).not.toMatch(/hunter2|abc123|4711/);
  });
});

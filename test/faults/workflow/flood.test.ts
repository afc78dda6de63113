import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packYaml, TestProcess, workflowYaml } from '../../support/workflow/process.js';
import { httpServer, json } from '../../support/workflow/server.js';

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** Those that have carried a request before. Node's own `reusedSocket` leaves out the ones that requests waited for. */
const used = new WeakSet<Socket>();

function probe(url: string, agent: Agent): Promise<Answer> {
  const headers = { 'x-prometheus-scrape-timeout-seconds': '5' };
  return new Promise((resolve, reject) => {
    let isReused = false;
    get(`${url}/probe?workflow=client-list`, { agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('end', () =>
        resolve({ status: response.statusCode, text, retryAfter: response.headers['retry-after'] }),
      );
    })
      .once('socket', (socket) => {
        isReused = used.has(socket);
        used.add(socket);
      })
      .once('error', (error) => {
        // An idle connection may be ended just as it is used again, by any server; then one asks anew, as browsers do.
        if (isReused && 'code' in error && error.code === 'ECONNRESET') resolve(probe(url, agent));
        else reject(error);
      });
  });
}

describe('1,000 probes at once', () => {
  test('are bounded at the portal, all answered, and survived', async () => {
    let inside = 0;
    let most = 0;
    const server = await httpServer((_, response) => {
      inside += 1;
      most = Math.max(most, inside);
      setTimeout(() => {
        inside -= 1;
        json(response, {});
      }, 5);
    });
    const process_ = await TestProcess.start(
      packYaml(
        `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none }, limits: { maxInFlight: 2 } }`,
        workflowYaml('client-list', 'schedule: { interval: 60s }'),
      ),
      { maxRequests: 400 },
    );
    const before = process.memoryUsage().rss;
    // More than the server takes of one address.
    const agent = new Agent({ keepAlive: true, maxSockets: 450 });
    onTestFinished(() => agent.destroy());
    const answers = await Promise.all(Array.from({ length: 1000 }, () => probe(process_.url, agent)));
    const ran = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 503);
    expect(ran.length + refused.length).toBe(1000);
    expect(ran.length).toBeGreaterThanOrEqual(100);
    expect(refused.length).toBeGreaterThan(0);
    for (const { text } of ran) expect(text).toContain('probe_success 1');
    for (const { text, retryAfter } of refused) {
      expect(text).toMatch(/others have all places at this portal|such requests are in progress|Too many connections/);
      expect(Number(retryAfter)).toBeGreaterThan(0);
    }
    expect(most).toBe(2);
    expect((await process_.get('/-/healthy')).status).toBe(200);
    expect((await process_.page()).delivered).toBe(1);
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(150);
  });

  test('of a portal that hangs: as many time-outs as there are places, and the rest are told at once', async () => {
    const server = await httpServer(() => {});
    const process_ = await TestProcess.start(
      packYaml(
        `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none }, limits: { maxInFlight: 2 } }`,
        workflowYaml('client-list', 'schedule: { interval: 60s, warmupRuns: 0 }'),
      ),
    );
    const probe = () => process_.get('/probe?workflow=client-list', { 'x-prometheus-scrape-timeout-seconds': '0.6' });
    const answers = await Promise.all(Array.from({ length: 30 }, probe));
    expect(answers.filter(({ text }) => text.includes('reason="timeout"')).length).toBeLessThanOrEqual(2);
    const refused = await probe();
    expect(refused).toMatchObject({ status: 200, text: expect.stringContaining('reason="unanswered"') });
    expect(server.requests.length).toBeLessThanOrEqual(2);
    await expect
      .poll(async () => (await process_.page()).value('workflow_portal_requests_open{portal="kingston"}'))
      .toBeGreaterThan(0);
    server.dropConnections();
    await expect
      .poll(async () => (await process_.page()).value('workflow_portal_requests_open{portal="kingston"}'))
      .toBe(0);
  });
});

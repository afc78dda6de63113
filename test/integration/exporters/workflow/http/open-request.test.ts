import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LoopWatch } from '../../../../../exporters/runtime/measuring/loop-watch.js';
import { PhaseClock } from '../../../../../exporters/runtime/measuring/phase-clock.js';
import { Deadline } from '../../../../../exporters/runtime/portal/deadline.js';
import { Connections } from '../../../../../exporters/runtime/portal/http/connections.js';
import type { OpenRequest } from '../../../../../exporters/runtime/portal/http/open-request.js';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';
import { portal } from '../../../../support/workflow/domain.js';
import { http2Server, httpServer, rawServer, type TestServer } from '../../../../support/workflow/server.js';

let ca: Certificate;
let leaf: Certificate;

beforeAll(async () => {
  ca = await authority();
  leaf = await certificate({ issuer: ca });
});

/** Asks once, and gives up as soon as the server has the request. */
async function giveUp(server: TestServer, caFile?: string): Promise<OpenRequest[]> {
  const open: OpenRequest[] = [];
  const connections = new Connections((request) => open.push(request));
  const target = portal(server.url, {
    tls: { minVersion: 'TLSv1.2', insecureSkipVerify: false, ...(caFile === undefined ? {} : { caFile }) },
  });
  const limit = new Deadline(60_000);
  const outgoing = {
    method: 'GET',
    url: new URL(`${server.url}/slow`),
    headers: {},
    body: undefined,
    maxBodyBytes: 10,
  };
  const sending = connections.send(outgoing, target, new PhaseClock(new LoopWatch()), limit);
  void server.seen(1).then(() => limit.abort(new Error('the deadline')));
  await expect(sending).rejects.toThrow('the deadline');
  limit.clear();
  connections.close();
  return open;
}

/** Whether the portal would be free again. */
function watch(request: OpenRequest | undefined): { readonly ended: boolean } {
  const seen = { ended: false };
  void request?.ended.then(() => (seen.ended = true));
  return seen;
}

describe.each(['http/1.1', 'h2'] as const)('a request over %s whose deadline passes', (protocol) => {
  async function serverThat(answer: (respond: (bytes: number) => void, hangUp: () => void) => void) {
    if (protocol === 'http/1.1') {
      const server = await httpServer((_, response) =>
        answer(
          (bytes) => response.end(Buffer.alloc(bytes)),
          () => response.destroy(),
        ),
      );
      return { server, caFile: undefined };
    }
    const server = await http2Server({ key: leaf.key, cert: leaf.cert }, (_, response) =>
      answer(
        (bytes) => response.end(Buffer.alloc(bytes)),
        () => response.stream.close(),
      ),
    );
    return { server, caFile: fileOf('ca.pem', ca.cert) };
  }

  test('stays open until its answer has ended, however large, and its connection is not used again', async () => {
    let respond = (_bytes: number) => {};
    const { server, caFile } = await serverThat((answer) => (respond = answer));
    const [open] = await giveUp(server, caFile);
    const seen = watch(open);
    expect(server.open).toBe(1);
    expect(seen.ended).toBe(false);
    respond(3_000_000);
    await open?.ended;
    await expect.poll(() => server.open).toBe(0);
  });

  test('is over when the server ends it', async () => {
    let hangUp = () => {};
    const { server, caFile } = await serverThat((_, end) => (hangUp = end));
    const [open] = await giveUp(server, caFile);
    hangUp();
    await open?.ended;
  });

  test('is over when we close it', async () => {
    const { server, caFile } = await serverThat(() => {});
    const [open] = await giveUp(server, caFile);
    open?.close();
    await open?.ended;
    await expect.poll(() => server.open).toBe(0);
  });
});

test('a time-out before anything was sent leaves nothing open', async () => {
  // It accepts connections and never shakes hands.
  const server = await rawServer(() => {});
  const open: OpenRequest[] = [];
  const connections = new Connections((request) => open.push(request));
  const url = new URL(`https://localhost:${server.port}/`);
  const outgoing = { method: 'GET', url, headers: {}, body: undefined, maxBodyBytes: 10 };
  const limit = new Deadline(50);
  await expect(
    connections.send(outgoing, portal(url.origin), new PhaseClock(new LoopWatch()), limit),
  ).rejects.toMatchObject({ reason: 'timeout' });
  expect(open).toEqual([]);
  await expect.poll(() => server.open).toBe(0);
});

test('a name that does not resolve in time leaves nothing open', async () => {
  const { lookup } = dns;
  onTestFinished(() => {
    dns.lookup = lookup;
    syncBuiltinESMExports();
  });
  // A resolver that does not answer: the system's own cannot be told to from within a test.
  Object.defineProperty(dns, 'lookup', { value: () => {}, writable: true, configurable: true });
  syncBuiltinESMExports();
  const open: OpenRequest[] = [];
  const connections = new Connections((request) => open.push(request));
  const url = new URL('http://portal.invalid/');
  const outgoing = { method: 'GET', url, headers: {}, body: undefined, maxBodyBytes: 10 };
  const clock = new PhaseClock(new LoopWatch());
  await expect(connections.send(outgoing, portal(url.origin), clock, new Deadline(50))).rejects.toMatchObject({
    reason: 'timeout',
  });
  expect(clock.phases.dns).toBeGreaterThan(0);
  expect(open).toEqual([]);
});

import { createServer as createProxy } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createServer, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { LoopWatch } from '../../../../../exporters/runtime/measuring/loop-watch.js';
import { PhaseClock } from '../../../../../exporters/runtime/measuring/phase-clock.js';
import { Deadline } from '../../../../../exporters/runtime/portal/deadline.js';
import { Connections } from '../../../../../exporters/runtime/portal/http/connections.js';
import type { Tls } from '../../../../../pack/index.js';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';
import { job, portal, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { http2Server, httpsServer, json, serve, type TestServer } from '../../../../support/workflow/server.js';

const DAY_MS = 86_400_000;

let ca: Certificate;
let stranger: Certificate;
let leaf: Certificate;
let tls: Tls & { readonly caFile: string };

beforeAll(async () => {
  [ca, stranger] = await Promise.all([authority(), authority()]);
  leaf = await certificate({ issuer: ca });
  tls = { caFile: fileOf('ca.pem', ca.cert), minVersion: 'TLSv1.2', insecureSkipVerify: false };
});

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toLowerCase(), '');
  }
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
});

/** Keeps whatever is sent to it once the handshake is over, and never answers. */
async function listener(options: TlsOptions): Promise<{ server: TestServer; tls: TlsServer; heard: () => string }> {
  let heard = '';
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      socket.destroy();
    });
  });
  return { server: await serve(server, 'https'), tls: server, heard: () => heard };
}

/** Lets everybody through to the loopback. */
async function openProxy(): Promise<void> {
  const server = createProxy();
  server.on('connect', (request, socket: Socket) => {
    const upstream = connect(Number(new URL(`http://${request.url}`).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Fine\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const one of [socket, upstream]) one.on('error', () => {});
    upstream.once('close', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
  });
  const { port } = await serve(server, 'http');
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${port}`);
}

const ways = [
  { way: 'HTTP/1.1', protocol: 'http/1.1', isProxied: false },
  { way: 'HTTP/2', protocol: 'h2', isProxied: false },
  { way: 'HTTP/1.1 through a proxy', protocol: 'http/1.1', isProxied: true },
  { way: 'HTTP/2 through a proxy', protocol: 'h2', isProxied: true },
] as const;

describe.each(ways)('over $way', ({ protocol, isProxied }) => {
  /** One request with a credential, in its headers and its body. */
  async function send(shown: TlsOptions, over: Partial<Tls> = {}, host = 'localhost') {
    if (isProxied) await openProxy();
    const { server, heard } = await listener({ ...shown, ALPNProtocols: [protocol] });
    const visit = job(`https://${host}:${server.port}`, {
      portal: {
        tls: { ...tls, ...over },
        network: {
          ipPreference: 'ipv4',
          proxy: 'environment',
          http2: true,
          maxHeaderBytes: 16_384,
          redirectOrigins: [],
        },
        headers: {},
      },
      workflow: {
        steps: [step({ method: 'POST', body: { kind: 'json', value: { password: 'hunter2' } } })],
      },
    });
    const result = await runOnce(visit);
    // What was sent arrives before the end of the connection.
    await expect.poll(() => server.open).toBe(0);
    return { verdict: verdictOf(result), reason: stepOf(result).reason, heard: heard() };
  }

  test('who is verified is sent the request: the rest of these tests can fail', async () => {
    const { heard } = await send(leaf);
    expect(heard).toMatch(protocol === 'h2' ? /^PRI \* HTTP\/2\.0/ : /^POST \/look HTTP\/1\.1\r\n/);
  });

  const strangers: [what: string, make: () => Promise<TlsOptions>, over: Partial<Tls>, verdict: RegExp][] = [
    [
      'another name',
      () => certificate({ issuer: ca, names: ['portal.test'], addresses: [] }),
      {},
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    ],
    ['another name than serverName', async () => leaf, { serverName: 'portal.test' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['another address than serverName', async () => leaf, { serverName: '192.0.2.1' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
    [
      'an authority that is not trusted',
      async () => certificate({ issuer: await certificate({ isAuthority: true, commonName: 'Foreign authority' }) }),
      {},
      /^tls: localhost: incomplete chain \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): .*Foreign authority/,
    ],
    [
      'an authority of the same name as the trusted one',
      () => certificate({ issuer: stranger }),
      {},
      /signed by another authority of the same name, or altered \(CERT_SIGNATURE_FAILURE\)/,
    ],
    ['its own signature', () => certificate(), {}, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [
      'an end that has passed',
      () => certificate({ issuer: ca, notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date() }),
      {},
      /CERT_HAS_EXPIRED/,
    ],
    [
      'a leaf as its issuer',
      async () => {
        const under = await certificate({ issuer: leaf });
        return { key: under.key, cert: `${under.cert}\n${leaf.cert}` };
      },
      {},
      /^tls: localhost: /,
    ],
  ];
  test.each(strangers)('%s: not a byte is sent', async (_, make, over, verdict) => {
    const sent = await send(await make(), over);
    expect(sent).toMatchObject({ reason: 'tls', heard: '' });
    expect(sent.verdict).toMatch(verdict);
  });

  test('TLS 1.2, and an address that the certificate does not name: not a byte is sent', async () => {
    const named = await certificate({ issuer: ca, addresses: [] });
    const sent = await send({ ...named, maxVersion: 'TLSv1.2' }, {}, '127.0.0.1');
    expect(sent).toMatchObject({ reason: 'tls', heard: '' });
    expect(sent.verdict).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  test('a variable that turns verification off everywhere else in Node.js turns nothing off', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await send(await certificate({ issuer: stranger }))).toMatchObject({ reason: 'tls', heard: '' });
  });
});

test('an address may be the name that the certificate must carry', async () => {
  const numbered = await certificate({ issuer: ca, names: ['portal.test'], addresses: ['192.0.2.1'] });
  const server = await httpsServer(numbered, (_, response) => json(response, {}));
  const result = await runOnce(job(server.url, { portal: { tls: { ...tls, serverName: '192.0.2.1' } } }));
  expect(verdictOf(result)).toBe('ok');
});

describe('a proxy over TLS', () => {
  test.each([false, true])('is verified before it gets a name or a password (insecureSkipVerify: %s)', async (skip) => {
    const { server, heard } = await listener(leaf);
    vi.stubEnv('HTTPS_PROXY', `https://prober:proxy-pa55@localhost:${server.port}`);
    const network = {
      ipPreference: 'ipv4',
      proxy: 'environment',
      http2: true,
      maxHeaderBytes: 16_384,
      redirectOrigins: [],
    } as const;
    const visit = job('https://portal.test', { portal: { network, tls: { ...tls, insecureSkipVerify: skip } } });
    const result = await runOnce(visit);
    await expect.poll(() => server.open).toBe(0);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'proxy' });
    expect(verdictOf(result)).toMatch(/unknown certificate authority/);
    expect(heard()).toBe('');
  });
});

describe('what was verified once is not verified for ever', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a server that takes up its session again: %s', async (version) => {
    const options = { minVersion: version, maxVersion: version, ticketKeys: Buffer.alloc(48, 7) };
    const server = createServer({ ...leaf, ...options }, (socket) => {
      socket.on('error', () => {});
      resumed.push(socket.isSessionReused());
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    });
    const resumed: boolean[] = [];
    const { url } = await serve(server, 'https');
    const visit = job(url, { portal: { tls } });
    expect(verdictOf(await runOnce(visit))).toBe('ok');
    expect(verdictOf(await runOnce(visit))).toBe('ok');
    server.setSecureContext({ ...(await certificate({ issuer: stranger })), ...options });
    expect(verdictOf(await runOnce(visit))).toMatch(/^tls: /);
    expect(resumed).not.toContain(true);
  });

  test.each(['HTTP/1.1', 'HTTP/2'])('an open connection, by a description that trusts nobody: %s', async (protocol) => {
    const unknown = await certificate({ issuer: stranger });
    const server =
      protocol === 'HTTP/2'
        ? await http2Server({ ...unknown }, (_, response) => response.end('{}'))
        : await httpsServer(unknown, (_, response) => json(response, {}));
    const connections = new Connections();
    const limit = new Deadline(60_000);
    onTestFinished(() => {
      connections.close();
      limit.clear();
    });
    const ask = (insecureSkipVerify: boolean) =>
      connections.send(
        { method: 'GET', url: new URL(server.url), headers: {}, body: undefined, maxBodyBytes: 100 },
        portal(server.url, { tls: { ...tls, insecureSkipVerify } }),
        new PhaseClock(new LoopWatch()),
        limit,
      );
    expect(await ask(true)).toMatchObject({ status: 200 });
    await expect(ask(false)).rejects.toMatchObject({ reason: 'tls' });
    expect(server.requests).toHaveLength(1);
  });
});

test('a crowd of certificates that sign one another does not hold up the measuring', async () => {
  const named = (commonName: string) => ({ isAuthority: true, commonName, names: ['authority.test'], addresses: [] });
  const other = await certificate(named('Other authority'));
  const crowd: string[] = [];
  for (let pair = 0; pair < 12; pair += 1) {
    const notAfter = new Date(Date.now() + (20 + pair) * DAY_MS);
    const crossed = await certificate({ ...named('Test authority'), issuer: other, keysOf: ca, notAfter });
    crowd.push(crossed.cert, (await certificate({ ...named('Other authority'), issuer: ca, keysOf: other })).cert);
  }
  const shown = { key: leaf.key, cert: [leaf.cert, ...crowd].join('\n') };
  const server = await httpsServer(shown, (_, response) => json(response, {}));
  const started = performance.now();
  const result = await runOnce(job(server.url, { portal: { tls } }));
  expect(verdictOf(result)).toBe('ok');
  expect(performance.now() - started).toBeLessThan(5000);
  expect(stepOf(result).certificateExpirySeconds).toBeCloseTo((Date.now() + 90 * DAY_MS) / 1000, -3);
  expect(stepOf(result).otherCertificateExpirySeconds).toBeCloseTo((Date.now() + 20 * DAY_MS) / 1000, -3);
});

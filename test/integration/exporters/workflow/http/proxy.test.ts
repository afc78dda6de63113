import { createServer, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';
import { job, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { httpServer, httpsServer, json, rawServer, serve } from '../../../../support/workflow/server.js';

const network = {
  ipPreference: 'ipv4',
  proxy: 'environment',
  http2: true,
  maxHeaderBytes: 16_384,
  redirectOrigins: [],
} as const;
const PASSWORD = 'proxy-pa55%word';

/** Whatever a proxy may answer to CONNECT. */
async function answeringProxy(answer: string | undefined) {
  const server = await rawServer((socket, first) => {
    void first.then(() => {
      if (answer !== undefined) socket.write(answer);
    });
  });
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${server.port}`);
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${server.port}`);
  return server;
}

/** A forward proxy that asks for `prober` and the password. */
async function proxy() {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const allowed = `Basic ${Buffer.from(`prober:${PASSWORD}`).toString('base64')}`;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.headers['proxy-authorization'] !== allowed) {
      response.writeHead(407).end();
      return;
    }
    const { 'proxy-authorization': _, ...headers } = request.headers;
    request.pipe(
      httpRequest(request.url ?? '', { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on('connect', (request, socket: Socket) => {
    seen.push(`CONNECT ${request.url}`);
    if (request.headers['proxy-authorization'] !== allowed) {
      socket.write('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      // It leaves hanging up to the client, and sees when that has done so.
      socket.resume().once('end', () => socket.destroy());
      return;
    }
    const target = new URL(`http://${request.url}`);
    const upstream = connect(Number(target.port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { seen, sockets, port, url: `http://prober:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}` };
}

let ca: Certificate;
let leaf: Certificate;

beforeAll(async () => {
  ca = await authority();
  leaf = await certificate({ issuer: ca });
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

describe('through a proxy', () => {
  test('plain HTTP goes as it is, by its whole address', async () => {
    const { url, seen } = await proxy();
    vi.stubEnv('HTTP_PROXY', url);
    const server = await httpServer((_, response) => json(response, {}));
    expect(verdictOf(await runOnce(job(server.url, { portal: { network } })))).toBe('ok');
    expect(seen).toEqual([`GET ${server.url}/look`]);
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  test('TLS goes through a tunnel, end to end', async () => {
    const { url, seen } = await proxy();
    vi.stubEnv('HTTPS_PROXY', url);
    const server = await httpsServer(leaf, (_, response) => json(response, {}));
    const tls = { caFile: fileOf('ca.pem', ca.cert), minVersion: 'TLSv1.2', insecureSkipVerify: false } as const;
    expect(verdictOf(await runOnce(job(server.url, { portal: { network, tls } })))).toBe('ok');
    expect(seen).toEqual([`CONNECT localhost:${server.port}`]);
  });

  test('whose failure takes no time of the portal, where a later try goes well', async () => {
    let asked = 0;
    const broken = await httpServer((_, response) => {
      asked += 1;
      if (asked > 1) json(response, {});
      else setTimeout(() => json(response, {}, 502), 150);
    });
    vi.stubEnv('HTTP_PROXY', broken.url);
    const workflow = { slaSeconds: 0.14, steps: [step({ retries: 1 })] };
    const result = await runOnce(job('http://portal.test', { portal: { network }, workflow }));
    expect(result).toMatchObject({ success: true, verdict: 'met' });
    expect(stepOf(result)).toMatchObject({ retries: 1 });
    expect(stepOf(result).phases.wait).toBeLessThan(140);
  });

  test('but not to what NO_PROXY names', async () => {
    const { url, seen } = await proxy();
    vi.stubEnv('HTTP_PROXY', url);
    vi.stubEnv('NO_PROXY', 'localhost,.internal');
    const server = await httpServer((_, response) => json(response, {}));
    expect(verdictOf(await runOnce(job(server.url, { portal: { network } })))).toBe('ok');
    expect(seen).toEqual([]);
  });

  test('nor where the portal is to be reached directly', async () => {
    const { url, seen } = await proxy();
    vi.stubEnv('HTTP_PROXY', url);
    const server = await httpServer((_, response) => json(response, {}));
    await runOnce(job(server.url, { portal: { network: { ...network, proxy: 'none' } } }));
    expect(seen).toEqual([]);
  });

  const refusals: [
    what: string,
    variable: string,
    portalUrl: string,
    proxyUrl: (port: number) => string,
    verdict: RegExp,
  ][] = [
    [
      'refuses the password',
      'HTTPS_PROXY',
      'https://localhost:1',
      (port) => `http://prober:wrong-pa55@127.0.0.1:${port}`,
      /^exporter: proxy 127\.0\.0\.1:\d+: refused the tunnel to localhost:1 with status 407$/,
    ],
    [
      'refuses it for plain HTTP',
      'HTTP_PROXY',
      'http://localhost:1',
      (port) => `http://prober:wrong-pa55@127.0.0.1:${port}`,
      /^exporter: proxy 127\.0\.0\.1:\d+: answered with status 407$/,
    ],
    [
      'is not there',
      'HTTPS_PROXY',
      'https://localhost:1',
      () => 'http://prober:wrong-pa55@127.0.0.1:1',
      /^exporter: proxy 127\.0\.0\.1:1: 127\.0\.0\.1:1: connection refused/,
    ],
    [
      'is of a kind we do not speak',
      'HTTP_PROXY',
      'http://localhost:1',
      () => 'socks5://prober:wrong-pa55@127.0.0.1:1',
      /^exporter: cannot use a proxy of kind socks5:/,
    ],
    [
      'is no URL',
      'HTTP_PROXY',
      'http://localhost:1',
      () => 'http://prober:wrong-pa55@:x',
      /^exporter: the proxy that the environment names is no URL$/,
    ],
  ];
  test.each(refusals)(
    'one that %s is named, and its password is not',
    async (_, variable, portalUrl, proxyUrl, verdict) => {
      const { port, sockets } = await proxy();
      vi.stubEnv(variable, proxyUrl(port));
      const result = await runOnce(job(portalUrl, { portal: { network } }));
      expect(verdictOf(result)).toMatch(verdict);
      expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'proxy' });
      await expect.poll(() => sockets.size).toBe(0);
      expect(JSON.stringify(result)).not.toContain('wrong-pa55');
      expect(JSON.stringify(result)).not.toContain(Buffer.from('prober:wrong-pa55').toString('base64'));
    },
  );
});

describe('what a proxy does is not the fault of the portal', () => {
  const steps = [step({ timeoutMs: 400 })];
  const faults: [what: string, answer: string | undefined, url: string, detail: RegExp][] = [
    [
      '502 for a tunnel',
      'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n',
      'https://p.test',
      /refused the tunnel to p\.test:443 with status 502$/,
    ],
    ['an answer that is no HTTP', 'SSH-2.0-x\r\n', 'https://p.test', /no tunnel: HPE_/],
    ['silence', undefined, 'https://p.test', /: no end after 400 ms$/],
    [
      '502 for plain HTTP',
      'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n',
      'http://p.test',
      /answered with status 502; whether it or a gateway of the portal said so cannot be told$/,
    ],
  ];
  test.each(faults)('%s', async (_, answer, url, detail) => {
    const { port } = await answeringProxy(answer);
    const result = await runOnce(job(url, { portal: { network }, workflow: { steps } }));
    expect(verdictOf(result)).toMatch(new RegExp(`^exporter: proxy 127\\.0\\.0\\.1:${port}: `));
    expect(verdictOf(result)).toMatch(detail);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'proxy' });
  });

  const refused = (status: string, ...headers: string[]) =>
    `HTTP/1.1 ${[status, ...headers, 'content-length: 0'].join('\r\n')}\r\n\r\n`;
  test.each<[what: string, answer: string, detail: RegExp]>([
    ['403 of Squid', refused('403 Forbidden', 'X-Squid-Error: ERR_ACCESS_DENIED 0'), /status 403 and X-Squid-Error;/],
    ['503 of Squid', refused('503 No', 'X-Squid-Error: ERR_DNS_FAIL 0', 'Via: 1.1 x'), /status 503 and X-Squid-Error;/],
    ['503 by its name', refused('503 Unavailable', 'Server: squid/5.7'), /answered with status 503 as squid;/],
    ['500 by its name', refused('500 Unable to connect', 'Server: tinyproxy/1.11.1'), /status 500 as tinyproxy;/],
    ['an error of RFC 9209', refused('503 No', 'Proxy-Status: p; error=dns_error'), /an error in Proxy-Status;/],
    ['a demand for a password', refused('403 No', 'Proxy-Authenticate: Basic'), /status 403 and Proxy-Authenticate;/],
    ['an answer that is no HTTP', 'garbage', /no answer to a request for p\.test: HPE_.*cannot be told$/],
    ['half a head', 'HTTP/1.1 200 OK\r\nconte', /no answer to a request for p\.test: /],
  ])('plain HTTP: %s', async (_, answer, detail) => {
    const { port } = await rawServer((socket, first) => void first.then(() => socket.end(answer)));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    const result = await runOnce(job('http://p.test', { portal: { network }, workflow: { steps } }));
    expect(verdictOf(result)).toMatch(new RegExp(`^exporter: proxy 127\\.0\\.0\\.1:${port}: `));
    expect(verdictOf(result)).toMatch(detail);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'proxy' });
  });

  test.each<[what: string, end: (socket: Socket) => void, detail: RegExp]>([
    ['silence', () => {}, /no answer to a request for p\.test: no end after 400 ms; whether it or the portal/],
    ['an end', (socket) => socket.end(), /no answer to a request for p\.test: connection reset/],
    ['a reset', (socket) => socket.resetAndDestroy(), /no answer to a request for p\.test: connection reset/],
  ])('plain HTTP: %s', async (_, end, detail) => {
    const { port } = await rawServer((socket, first) => void first.then(() => end(socket)));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    const result = await runOnce(job('http://p.test', { portal: { network }, workflow: { steps } }));
    expect(verdictOf(result)).toMatch(new RegExp(`^exporter: proxy 127\\.0\\.0\\.1:${port}: `));
    expect(verdictOf(result)).toMatch(detail);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'proxy' });
  });

  test.each<[what: string, answer: string, end: boolean, verdict: RegExp]>([
    ['an error of the portal', refused('503 No', 'Server: nginx', 'Via: 1.1 x (squid)'), true, /^status: status 503/],
    ['a 404 of a server of that name', refused('404 No', 'Server: squid'), true, /^status: status 404/],
    ['an answer that is cut', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{', true, /^protocol: .*through proxy 127/],
    ['one that never ends', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{', false, /^timeout: .*through proxy 127/],
  ])('but not %s that came through', async (_, answer, isEnded, verdict) => {
    const { port } = await rawServer((socket, first) => {
      void first.then(() => (isEnded ? socket.end(answer) : socket.write(answer)));
    });
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    const result = await runOnce(job('http://p.test', { portal: { network }, workflow: { steps } }));
    expect(verdictOf(result)).toMatch(verdict);
    expect(result.uncertain).not.toBe('proxy');
  });

  test('a failure of the portal behind one is its own, and the proxy is named', async () => {
    const { url, port } = await proxy();
    vi.stubEnv('HTTP_PROXY', url);
    const server = await httpServer((_, response) => json(response, {}, 500));
    const result = await runOnce(job(server.url, { portal: { network } }));
    expect(result.verdict).toBe('missed');
    expect(stepOf(result).facts.proxy).toBe(`127.0.0.1:${port}`);
    expect(result.log[0]?.message).toContain(`through proxy 127.0.0.1:${port}`);
  });

  test.each([200, 201, 204, 299])('any 2xx grants the tunnel: %i', async (status) => {
    const portal = await httpsServer(leaf, (_, response) => json(response, {}));
    const server = createServer();
    server.on('connect', (_, socket: Socket) => {
      const upstream = connect(portal.port, '127.0.0.1', () => {
        socket.write(`HTTP/1.1 ${status} Fine\r\n\r\n`);
        socket.pipe(upstream).pipe(socket);
      });
      for (const one of [socket, upstream]) one.on('error', () => {});
      upstream.once('close', () => socket.destroy());
    });
    const { port } = await serve(server, 'http');
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${port}`);
    const tls = { caFile: fileOf('ca.pem', ca.cert), minVersion: 'TLSv1.2', insecureSkipVerify: false } as const;
    expect(verdictOf(await runOnce(job(portal.url, { portal: { network, tls } })))).toBe('ok');
  });
});

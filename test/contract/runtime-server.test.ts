import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { CannotListen } from '../../exporters/runtime/http/listener.js';
import { family } from '../../exporters/runtime/metrics/index.js';
import { parseShard } from '../../exporters/runtime/shard.js';
import { gauge } from '../../pack/metrics/index.js';
import { InvalidPack } from '../../pack/reading/problems.js';
import { eventually, exporter, smallPack, Workbench } from './runtime-support.js';

const bench = new Workbench();
afterEach(() => bench.stopAll());
afterAll(() => bench.remove());

const value = gauge('sample_value', 'count', [], 'Value.');

async function get(url: string, init: RequestInit = {}): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe('the endpoints', () => {
  it('tell health, and readiness with its reason', async () => {
    let ready = false;
    const slow = exporter({ name: 'slow', ready: () => (ready ? { ready } : { ready, reason: 'warming up' }) });
    const { url } = await bench.run({ factories: [slow] });
    expect(await get(`${url}/-/healthy`)).toMatchObject({ status: 200, text: 'Healthy\n' });
    expect(await get(`${url}/-/ready`)).toMatchObject({ status: 503, text: 'Not ready: slow: warming up\n' });
    ready = true;
    expect(await get(`${url}/-/ready`)).toMatchObject({ status: 200, text: 'Ready\n' });
  });

  it.each([
    ['POST', '/metrics', 405],
    ['DELETE', '/-/healthy', 405],
    ['GET', '/-/reload', 405],
    ['DELETE', '/-/reload', 405],
    ['PUT', '/-/reload', 200],
    ['HEAD', '/metrics', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/%E0%A4%A', 404],
  ])('answer %s %s with %d', async (method, path, status) => {
    const { url } = await bench.run();
    const answer = await get(url + path, { method });
    expect(answer.status).toBe(status);
    expect(answer.text).not.toMatch(/at .*\.[jt]s:\d/);
  });

  it('harden every answer', async () => {
    const { url } = await bench.run();
    for (const path of ['/', '/metrics', '/-/ready', '/nowhere']) {
      const { headers } = await get(url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('deny');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it('serve what exporters add, and survive what they do wrong', async () => {
    const odd = exporter({
      name: 'odd',
      mount: (router) => {
        router.get('/odd/hello', (_request, response) => void response.send('hello'));
        router.get('/odd/broken', () => Promise.reject(new Error('inner error')));
      },
      ready: () => {
        throw new Error('no idea');
      },
      sections: () => {
        throw new Error('nothing to show');
      },
    });
    const { url } = await bench.run({ factories: [odd] });
    expect(await get(`${url}/odd/hello`)).toMatchObject({ status: 200, text: 'hello' });
    expect(await get(`${url}/odd/broken`)).toMatchObject({
      status: 500,
      text: 'Internal error; the log has the reason\n',
    });
    expect(bench.log.join('')).toContain('inner error');
    expect((await get(`${url}/-/ready`)).text).toContain('no idea');
    expect((await get(url)).text).toContain('nothing to show');
  });

  it('show the shard on the landing page', async () => {
    const { url } = await bench.run({ shard: parseShard('2/4') });
    const { text, headers } = await get(url);
    expect(text).toContain('shard 2/4');
    expect(headers.get('content-security-policy')).toContain("style-src 'sha256-");
  });
});

describe('a scrape', () => {
  it('is not held up by a collector that hangs', async () => {
    const collectors = [
      { name: 'hangs', collect: () => new Promise<never>(() => undefined) },
      { name: 'works', collect: () => [family(value, [[{}, 1]])] },
    ];
    const { url } = await bench.run({ factories: [exporter({ name: 'sample', collectors })] });
    const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '0.5' };
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const startedAt = performance.now();
      const { status, text } = await get(`${url}/metrics`, { headers });
      expect(status).toBe(200);
      // Without the header it would be ten seconds.
      expect(performance.now() - startedAt).toBeLessThan(2000);
      expect(text).toContain('kop_collector_success{collector="hangs"} 0');
      expect(text).toContain('sample_value 1');
    }
    expect((await get(url)).text).toContain('still running');
  });

  it('beyond the limit is refused and counted', async () => {
    let release = (): void => undefined;
    let waiting = 0;
    const collectors = [
      {
        name: 'slow',
        collect: () => {
          waiting += 1;
          return new Promise<[]>((resolve) => {
            release = () => resolve([]);
          });
        },
      },
    ];
    const { url } = await bench.run({ maxRequests: 1, factories: [exporter({ name: 'sample', collectors })] });
    const first = get(`${url}/metrics`);
    await eventually(() => (waiting > 0 ? true : undefined));
    expect(await get(`${url}/metrics`)).toMatchObject({
      status: 503,
      text: expect.stringContaining('--web.max-requests'),
    });
    expect((await get(`${url}/-/healthy`)).status).toBe(200);
    release();
    expect((await first).text).toContain('kop_scrapes_refused_total 1');
  });

  it('is not refused because of slow answers on other routes', async () => {
    const held: (() => void)[] = [];
    const slow = exporter({
      name: 'slow',
      mount: (router) => {
        router.get('/probe', (_request, response) => void held.push(() => void response.send('done')));
      },
    });
    const { url } = await bench.run({ maxRequests: 1, factories: [slow] });
    const probe = get(`${url}/probe`);
    await eventually(() => (held.length > 0 ? true : undefined));
    expect(await get(`${url}/probe`)).toMatchObject({ status: 503 });
    const page = await get(`${url}/metrics`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('kop_scrapes_refused_total 1');
    for (const release of held) release();
    expect((await probe).status).toBe(200);
  });

  it('that its client gives up makes room for the next', async () => {
    const collectors = [
      { name: 'slow', collect: () => new Promise<[]>((resolve) => setTimeout(() => resolve([]), 100)) },
    ];
    const { url } = await bench.run({ maxRequests: 1, factories: [exporter({ name: 'sample', collectors })] });
    await expect(fetch(`${url}/metrics`, { signal: AbortSignal.timeout(20) })).rejects.toThrow();
    const answer = await eventually(async () => {
      const { status } = await get(`${url}/metrics`);
      return status === 200 ? status : undefined;
    });
    expect(answer).toBe(200);
  });
});

describe('a server on loopback', () => {
  const under = (url: string, host: string, path = '/metrics') =>
    new Promise<number | undefined>((resolve, reject) => {
      request(url + path, { headers: { host }, agent: false }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });

  it('answers to its own names only, so that no page of another site can read it under its own', async () => {
    const { url } = await bench.run();
    for (const host of ['evil.example', 'evil.example:9464', 'localhost.evil.example', '127.0.0.1.evil.example'])
      expect(await under(url, host), host).toBe(421);
    for (const host of ['localhost:9464', '127.0.0.1', '[::1]:80', 'prometheus.localhost', 'LOCALHOST.'])
      expect(await under(url, host), host).toBe(200);
  });

  it('answers to the names that an operator lists, too', async () => {
    const { url } = await bench.run({ allowedHosts: ['metrics.example.com'] });
    expect(await under(url, 'metrics.example.com')).toBe(200);
    expect(await under(url, 'other.example.com')).toBe(421);
  });
});

describe('connections that are left open', () => {
  /** Asks once, and stays. */
  const linger = (port: number, path: string) =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
      socket.once('data', () => resolve(socket)).once('error', reject);
    });

  it('and say nothing yet are told 503 when there is no place for them, and so are those beyond the busy ones', async () => {
    const hung = exporter({ name: 'hung', mount: (router) => void router.get('/hang', () => {}) });
    const { addresses } = await bench.run({ maxRequests: 300, factories: [hung] });
    const port = addresses[0]?.port ?? 0;
    const sockets: Socket[] = [];
    const open = () =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket)).once('error', reject);
        sockets.push(socket);
      });
    const answerTo = (socket: Socket, path: string) =>
      new Promise((resolve, reject) => {
        socket.once('data', (bytes) => resolve(String(bytes).split('\r\n')[0])).once('error', reject);
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      });
    const refused = 'HTTP/1.1 503 Service Unavailable';
    try {
      const silent = await open();
      for (let count = 0; count < 256; count += 1) await open();
      expect(await answerTo(silent, '/-/healthy')).toBe(refused);
      const [, ...busy] = sockets;
      for (const socket of busy) socket.write('GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const again = async () => answerTo(await open(), '/-/healthy');
      await eventually(async () => ((await again()) === refused ? true : undefined));
      expect(await again()).toBe(refused);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('do not lock Prometheus out: 520 idle ones are ended, the oldest first, and counted', {
    timeout: 60_000,
  }, async () => {
    const { url, addresses } = await bench.run();
    const port = addresses[0]?.port ?? 0;
    const sockets: Socket[] = [];
    try {
      for (let count = 0; count < 520; count += 1) sockets.push(await linger(port, '/-/healthy'));
      const { status, text } = await get(`${url}/metrics`);
      expect(status).toBe(200);
      expect(text).toMatch(/kop_connections_evicted_total 26[4-9]/);
      expect(text).toContain('kop_connections_refused_total{reason="address"} 0');
      await eventually(() => (sockets[0]?.destroyed === true ? true : undefined));
      expect(sockets.at(-1)?.destroyed).toBe(false);
      expect(bench.log.filter((line) => line.includes('idle connections are ended'))).toHaveLength(1);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

it('hundreds of requests to reload, or to answer before an answer was read, leave Prometheus its page', {
  timeout: 60_000,
}, async () => {
  const { url, addresses } = await bench.run({ maxRequests: 20 });
  const port = addresses[0]?.port ?? 0;
  const sockets: Socket[] = [];
  const send = (text: string) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text)).on('error', () => undefined);
    sockets.push(socket);
  };
  try {
    for (let count = 0; count < 200; count += 1) send('POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n');
    // Each waits for one collection of garbage at most, not for one for every request.
    expect((await get(`${url}/metrics`)).status).toBe(200);
    const reloads = () => bench.log.filter((line) => line.includes('configuration reloaded')).length;
    await eventually(() => (reloads() > 0 ? true : undefined));
    expect(reloads()).toBeLessThan(10);
    for (let count = 0; count < 40; count += 1) send('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
    const refused = async () => {
      const { text } = await get(`${url}/metrics`);
      return /kop_connections_refused_total\{reason="pipelining"\} 40/.test(text) ? text : undefined;
    };
    expect(await eventually(refused)).toMatch(/kop_scrapes_refused_total [1-9]/);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

describe('a page for a client that takes gzip', () => {
  const raw = (url: string, encoding: string) =>
    new Promise<{ headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      request(`${url}/metrics`, { headers: { 'accept-encoding': encoding }, agent: false }, async (answer) => {
        const body = Buffer.concat(await answer.toArray());
        resolve({ headers: answer.headers, body });
      })
        .on('error', reject)
        .end();
    });

  it('is smaller, and the same', async () => {
    const { url } = await bench.run();
    const plain = await raw(url, 'identity');
    const small = await raw(url, 'gzip');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(small.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept, Accept-Encoding' });
    expect(small.body.length).toBeLessThan(plain.body.length / 2);
    const names = (text: string) => [...text.matchAll(/^# TYPE .*$/gm)].map(([line]) => line);
    expect(names(gunzipSync(small.body).toString())).toEqual(names(plain.body.toString()));
  });
});

it('a client that dawdles loses its connection in time', { timeout: 30_000 }, async () => {
  const { addresses } = await bench.run();
  const startedAt = performance.now();
  const dawdle = (begun: string) =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: addresses[0]?.port ?? 0 });
      socket.on('error', () => undefined);
      socket.write(begun);
      socket.resume().once('close', resolve);
    });
  await Promise.all(['GET /metrics HTTP/1.1\r\nHost: x\r\n', ''].map(dawdle));
  // Ten seconds are given; Node by itself would look only every thirty.
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});

describe('a reload', () => {
  it('takes a good file, and keeps the old one when the new one is bad', async () => {
    const { url } = await bench.run();
    const sha = async () => /kop_config_info\{sha256="(\w+)"\}/.exec((await get(`${url}/metrics`)).text)?.[1];
    const before = await sha();
    bench.write('pack.yaml', smallPack.replace('title: Demo', 'title: Other'));
    expect(await get(`${url}/-/reload`, { method: 'POST' })).toMatchObject({ status: 200, text: 'Reloaded\n' });
    const after = await sha();
    expect(after).not.toBe(before);

    bench.write('pack.yaml', smallPack.replace('baseUrl', 'baseUri'));
    const bad = await get(`${url}/-/reload`, { method: 'POST' });
    expect(bad).toMatchObject({
      status: 500,
      text: expect.stringMatching(/pack\.yaml:2:24: portals\.demo\.baseUri: unknown key/),
    });
    expect((await get(`${url}/metrics`)).text).toContain('kop_config_last_reload_successful 0');
    expect(await sha()).toBe(after);
    expect((await get(url)).text).toContain('last reload failed');

    bench.write('pack.yaml', smallPack);
    expect((await get(`${url}/-/reload`, { method: 'POST' })).status).toBe(200);
    expect((await get(`${url}/metrics`)).text).toContain('kop_config_last_reload_successful 1');
    expect(await sha()).toBe(before);
  });

  it.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'null' },
    { Origin: 'https://evil.example' },
  ])('is refused to a page of another site: %j', async (headers) => {
    const { url } = await bench.run();
    expect((await get(`${url}/-/reload`, { method: 'POST', headers })).status).toBe(403);
    expect((await get(`${url}/-/reload`, { method: 'POST', headers: { Origin: url } })).status).toBe(200);
  });

  it('that one exporter refuses is taken back from the other', async () => {
    const titles: (string | undefined)[] = [];
    const factories = [
      exporter({ name: 'first', configure: async (pack) => void titles.push(pack.portals[0]?.title) }),
      exporter({
        name: 'second',
        configure: (pack) =>
          pack.portals[0]?.title === 'Other' ? Promise.reject(new Error('not that')) : Promise.resolve(),
      }),
    ];
    const { url } = await bench.run({ factories });
    bench.write('pack.yaml', smallPack.replace('title: Demo', 'title: Other'));
    const answer = await get(`${url}/-/reload`, { method: 'POST' });
    expect(answer).toMatchObject({
      status: 500,
      text: expect.stringContaining('second refused the configuration: not that'),
    });
    expect(titles).toEqual(['Demo', 'Other', 'Demo']);
  });
});

describe('starting and stopping', () => {
  it('fails with every problem of the configuration', async () => {
    await expect(bench.run({ configFiles: [bench.write('bad.yaml', 'portals: { demo: {} }\n')] })).rejects.toThrow(
      InvalidPack,
    );
  });

  it('fails when the address is taken, says what to do, and starts nothing', async () => {
    const { addresses } = await bench.run();
    let started = false;
    const eager = exporter({
      name: 'eager',
      start: async () => {
        started = true;
      },
    });
    const again = bench.run({ factories: [eager], listenAddresses: [{ host: '127.0.0.1', port: 0 }, ...addresses] });
    await expect(again).rejects.toThrow(CannotListen);
    await expect(again).rejects.toThrow(
      /in use; stop what listens there, or choose another address with --web\.listen-address/,
    );
    expect(started).toBe(false);
  });

  it('listens on several addresses', async () => {
    const { addresses } = await bench.run({
      listenAddresses: [
        { host: '127.0.0.1', port: 0 },
        { host: '::1', port: 0 },
      ],
    });
    expect((await get(`http://127.0.0.1:${addresses[0]?.port}/-/healthy`)).status).toBe(200);
    expect((await get(`http://[::1]:${addresses[1]?.port}/-/healthy`)).status).toBe(200);
  });

  it('finishes what is under way, refuses what is new, and stops the exporters last', async () => {
    const events: string[] = [];
    const slow = exporter({
      name: 'slow',
      mount: (router) => {
        router.get('/slow', (_request, response) => {
          events.push('asked');
          setTimeout(() => {
            events.push('answered');
            response.send('done');
          }, 200);
        });
      },
      stop: async () => void events.push('stopped'),
    });
    const { url, stop } = await bench.run({ factories: [slow] });
    const answer = get(`${url}/slow`);
    await eventually(() => (events.length > 0 ? true : undefined), 5);
    const stopped = stop();
    await expect(get(`${url}/-/healthy`)).rejects.toThrow();
    expect((await answer).text).toBe('done');
    await stopped;
    await stop();
    expect(events).toEqual(['asked', 'answered', 'stopped']);
  });

  it('is not held up for longer than the grace by an answer that never comes, nor by idle connections', async () => {
    const stuck = exporter({ name: 'stuck', mount: (router) => void router.get('/stuck', () => undefined) });
    const { url, stop, addresses } = await bench.run({ factories: [stuck], drainMs: 100 });
    const silent = connect(addresses[0]?.port ?? 0, '127.0.0.1');
    silent.on('error', () => undefined);
    const never = get(`${url}/stuck`);
    never.catch(() => undefined);
    await get(`${url}/-/healthy`);
    const startedAt = performance.now();
    await stop();
    expect(performance.now() - startedAt).toBeLessThan(1500);
    await expect(never).rejects.toThrow();
    silent.destroy();
  });
});

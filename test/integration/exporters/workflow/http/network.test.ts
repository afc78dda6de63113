import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpStep } from '../../../../../pack/workflow/model.js';
import { job, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { deadPort, httpServer, json, rawServer } from '../../../../support/workflow/server.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const oneStep = (over: Partial<HttpStep> = {}) => ({ workflow: { steps: [step(over)] } });

describe('a portal that cannot be reached', () => {
  test('a name that does not resolve', async () => {
    const result = await runOnce(job('http://nobody.invalid'));
    expect(verdictOf(result)).toMatch(/^dns: nobody\.invalid does not resolve \((ENOTFOUND|EAI_AGAIN)\)$/);
    expect(result).toMatchObject({ success: false, verdict: 'missed' });
    expect(stepOf(result).phases.connect).toBe(0);
  });

  test('nothing listens', async () => {
    const port = await deadPort();
    const result = await runOnce(job(`http://127.0.0.1:${port}`));
    expect(verdictOf(result)).toBe(
      `connect: 127.0.0.1:${port}: connection refused (ECONNREFUSED): nothing listens there`,
    );
  });
});

describe('a portal that does not keep to HTTP', () => {
  const cases: [what: string, serve: Parameters<typeof rawServer>[0], verdict: string][] = [
    [
      'garbage',
      (socket, first) => void first.then(() => socket.end('hello\r\n')),
      'protocol: HOST: HPE_INVALID_CONSTANT',
    ],
    [
      'silence and an end',
      (socket, first) => void first.then(() => socket.end()),
      'protocol: HOST: connection reset (ECONNRESET)',
    ],
    [
      'a reset',
      (socket, first) => void first.then(() => socket.resetAndDestroy()),
      'protocol: HOST: connection reset (ECONNRESET)',
    ],
    [
      'an end in the middle of the body',
      (socket, first) => void first.then(() => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')),
      'protocol: the connection broke off in the middle of the answer',
    ],
    [
      'an upgrade that nobody asked for',
      (socket, first) =>
        void first.then(() =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
        ),
      'protocol: the connection ended without an answer',
    ],
  ];
  test.each(cases)('%s', async (_, serve, verdict) => {
    const server = await rawServer(serve);
    const result = await runOnce(job(server.url));
    expect(verdictOf(result)).toBe(verdict.replace('HOST', `localhost:${server.port}`));
  });

  test('a body that ends with its connection is whole', async () => {
    const server = await rawServer((socket, first) => {
      void first.then(() => socket.end('HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it'));
    });
    const result = await runOnce(
      job(server.url, oneStep({ expect: { ...step().expect, bodyMatches: ['^all of it$'] } })),
    );
    expect(verdictOf(result)).toBe('ok');
  });
});

/** Lets deadlines pass when the test says so, and not before, however busy the machine is. */
function deadlines(): (ms: number) => void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return (ms) => {
    vi.advanceTimersByTime(ms);
  };
}

describe('time', () => {
  test('no answer at all ends with the run', async () => {
    const server = await httpServer(() => {});
    const pass = deadlines();
    const running = runOnce(job(server.url, { workflow: { schedule: { timeoutMs: 80 } } }));
    await server.seen(1);
    pass(80);
    const result = await running;
    expect(verdictOf(result)).toBe('timeout: the run had not ended after 80 ms');
    expect(result.verdict).toBe(result.tainted ? 'uncertain' : 'missed');
    // Where it hung is said, and the phases add up.
    const { phases, durationMs } = stepOf(result);
    expect(phases.wait).toBeGreaterThan(0);
    expect(Object.values(phases).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(durationMs, 6);
  });

  test('a body that drips hangs in receive', async () => {
    let drops = 0;
    const server = await httpServer((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => {
        response.write('.');
        drops += 1;
      }, 5);
      response.once('close', () => clearInterval(drip));
    });
    const pass = deadlines();
    const running = runOnce(job(server.url, oneStep({ timeoutMs: 400 })));
    // Both ends live in this process: once the last of these is written, the first has been read.
    await vi.waitUntil(() => drops >= 5, { interval: 5, timeout: 15_000 });
    pass(400);
    const result = await running;
    expect(verdictOf(result)).toBe('timeout: no end after 400 ms');
    expect(stepOf(result).phases.receive).toBeGreaterThan(0);
  });

  test('the time that a portal takes to answer is found in wait, and in no other phase', async () => {
    const passTime = timeTravel();
    const server = await httpServer((_, response) => {
      passTime(60_000);
      json(response, {});
    });
    const { phases, durationMs } = stepOf(await runOnce(job(server.url)));
    expect(phases.wait).toBeGreaterThanOrEqual(60_000);
    expect(durationMs - (phases.wait ?? 0)).toBeLessThan(60_000);
  });

  test('a connection that accepts and says nothing hangs in tls', async () => {
    const server = await rawServer(() => {});
    const pass = deadlines();
    const running = runOnce(job(`https://localhost:${server.port}`, oneStep({ timeoutMs: 400 })));
    await server.seen(1);
    pass(400);
    const result = await running;
    expect(stepOf(result)).toMatchObject({ reason: 'timeout' });
    expect(stepOf(result).phases.tls).toBeGreaterThan(0);
  });

  test('the scrape may leave less time than the workflow', async () => {
    const server = await httpServer(() => {});
    const result = await runOnce(job(server.url), { timeoutMs: 70 });
    expect(verdictOf(result)).toBe('timeout: no end after 70 ms');
  });

  test('an abandoned request stays open until the portal answers it, and no longer', async () => {
    let answer = () => {};
    const server = await httpServer((_, response) => {
      answer = () => json(response, {});
    });
    const pass = deadlines();
    const running = runOnce(job(server.url, oneStep({ timeoutMs: 50 })));
    await server.seen(1);
    pass(50);
    await running;
    expect(server.open).toBe(1);
    answer();
    await vi.waitUntil(() => server.open === 0, { timeout: 10_000 });
  });

  test('judging a large answer is not the time of the portal', async () => {
    const items = Array.from({ length: 60_000 }, (_, id) => ({ id, name: `client ${id}` }));
    const body = JSON.stringify({ items });
    const server = await httpServer((_, response) => response.end(body));
    const slow = step({ expect: { ...step().expect, json: [{ path: '$..name', type: 'string' }] } });
    const started = performance.now();
    const result = await runOnce(job(server.url, { workflow: { steps: [slow] } }));
    const wholeMs = performance.now() - started;
    expect(verdictOf(result)).toBe('ok');
    expect(result.durationSeconds * 1000).toBeLessThan(wholeMs * 0.7);
  });
});

describe('size', () => {
  test('a huge body is given up at the limit', async () => {
    const server = await httpServer((_, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const pour = () => {
        while (response.write(chunk));
        response.once('drain', pour);
      };
      pour();
    });
    const result = await runOnce(job(server.url, oneStep({ maxBodyBytes: 300_000 })));
    expect(verdictOf(result)).toBe('size: the answer is larger than 300000 bytes; raise maxBody if that is right');
    await expect.poll(() => server.open).toBe(0);
  });

  test('a small answer that unpacks into a huge one', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const server = await httpServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const result = await runOnce(job(server.url, oneStep({ maxBodyBytes: 1_000_000 })));
    expect(bomb.length).toBeLessThan(100_000);
    expect(verdictOf(result)).toBe('size: the answer unpacks to more than 1000000 bytes');
  });

  test.each([
    ['br', 'protocol: the answer is not valid br'],
    ['zstd', 'protocol: unknown content encoding zstd'],
  ])('an encoding %s that cannot be undone', async (encoding, verdict) => {
    const server = await httpServer((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end('no'),
    );
    expect(verdictOf(await runOnce(job(server.url)))).toBe(verdict);
  });

  const packings: [encoding: string, pack: (bytes: Buffer) => Buffer][] = [
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))],
    ['Identity, X-GZIP', gzipSync],
  ];
  test.each(packings)('%s is undone', async (encoding, pack) => {
    const server = await httpServer((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(pack(Buffer.from('{"status":"healthy"}'))),
    );
    const conditions = { ...step().expect, json: [{ path: '$.status', equals: 'healthy' }] };
    expect(verdictOf(await runOnce(job(server.url, oneStep({ expect: conditions }))))).toBe('ok');
  });

  test('gzip within gzip within gzip is bounded like one', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(20_000_000)));
    const server = await httpServer((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(bomb),
    );
    const result = await runOnce(job(server.url, oneStep({ maxBodyBytes: 1_000_000 })));
    expect(verdictOf(result)).toBe('size: the answer unpacks to more than 1000000 bytes');
  });

  test('gzip is asked for and undone', async () => {
    const server = await httpServer((request, response) => {
      expect(request.headers['accept-encoding']).toContain('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"status":"healthy"}'));
    });
    const conditions = { ...step().expect, json: [{ path: '$.status', equals: 'healthy' }] };
    expect(verdictOf(await runOnce(job(server.url, oneStep({ expect: conditions }))))).toBe('ok');
  });
});

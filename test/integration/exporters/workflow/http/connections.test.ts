import { beforeAll, describe, expect, test } from 'vitest';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';
import { job, portal, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { http2Frames as frames, rawHttp2Server } from '../../../../support/workflow/raw-http2.js';
import { http2Server, httpServer, httpsServer, json, rawServer } from '../../../../support/workflow/server.js';

const twoSteps = [step({ name: 'one', path: '/one' }), step({ name: 'two', path: '/two' })];

describe('connection policy', () => {
  test('fresh opens one connection for a run, and ends it with the run', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const visit = job(server.url, { workflow: { steps: twoSteps } });
    const engine = new TestEngine([visit]);
    const first = await engine.run(visit);
    const second = await engine.run(visit);
    expect(server.connections).toBe(2);
    expect(stepOf(first, 'two').phases.connect).toBe(0);
    expect(stepOf(second, 'one').phases.connect).toBeGreaterThan(0);
    await expect.poll(() => server.open).toBe(0);
  });

  test('reuse keeps it from run to run', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const visit = job(server.url, { workflow: { steps: twoSteps, connection: 'reuse' } });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    const second = await engine.run(visit);
    expect(server.connections).toBe(1);
    expect(stepOf(second, 'one').phases).toMatchObject({ dns: 0, connect: 0 });
    expect(second.log.map(({ message }) => message).join()).toContain('on an open connection');
    await engine.engine.stop(0);
    await expect.poll(() => server.open).toBe(0);
  });

  test('runs at the same time do not share one, and leave none behind', async () => {
    const server = await httpServer((_, response) => setTimeout(() => json(response, {}), 20));
    const visit = job(server.url, { workflow: { connection: 'reuse' } });
    const engine = new TestEngine([visit]);
    await Promise.all([engine.run(visit), engine.run(visit), engine.run(visit)]);
    expect(server.connections).toBe(3);
    await expect.poll(() => server.open).toBe(1);
  });

  test('a server that says close is not asked again on the same connection', async () => {
    const server = await httpServer((_, response) => json(response, {}, 200, { connection: 'close' }));
    const result = await runOnce(job(server.url, { workflow: { steps: twoSteps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(server.connections).toBe(2);
  });

  test('a connection that was closed while idle is noticed', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const visit = job(server.url, { workflow: { connection: 'reuse' } });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    server.dropConnections();
    await expect.poll(() => server.open).toBe(0);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    expect(server.connections).toBe(2);
  });
});

describe('a server that closes just as its connection is used again', () => {
  /** Answers the first request of each connection; the second finds it gone. */
  const oneAnswerEach = () =>
    rawServer((socket) => {
      let isFirst = true;
      socket.on('data', () => {
        if (isFirst) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
        else setTimeout(() => socket.destroy(), 30);
        isFirst = false;
      });
    });

  test('is asked once more, as a browser would, and the time lost is counted', async () => {
    const server = await oneAnswerEach();
    const result = await runOnce(job(server.url, { workflow: { steps: twoSteps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(server.connections).toBe(2);
    expect(stepOf(result, 'two').phases.wait).toBeGreaterThan(28);
  });

  test('is not, where asking twice could change something twice', async () => {
    const server = await oneAnswerEach();
    const steps = [step({ name: 'one' }), step({ name: 'two', method: 'POST', mutates: true })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(verdictOf(result)).toBe(`protocol: localhost:${server.port}: connection reset (ECONNRESET)`);
    expect(server.connections).toBe(1);
  });

  test('is, with a POST that changes nothing', async () => {
    const server = await oneAnswerEach();
    const steps = [step({ name: 'one' }), step({ name: 'two', method: 'POST', body: { kind: 'json', value: {} } })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(server.connections).toBe(2);
    expect(result.log.map(({ message }) => message).join()).toMatch(/sent once more on a new connection, because /);
  });

  test('is asked once more, not twice', async () => {
    let answers = 0;
    const server = await rawServer((socket) => {
      socket.on('data', () => {
        answers += 1;
        if (answers === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
        else socket.destroy();
      });
    });
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps: twoSteps } })))).toMatch(/ECONNRESET/);
    expect(server.connections).toBe(2);
  });

  test('is asked once more when it says 408, as proxies do that close an idle connection', async () => {
    const server = await rawServer((socket) => {
      let isFirst = true;
      socket.on('data', () => {
        if (isFirst) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
        else socket.end('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        isFirst = false;
      });
    });
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps: twoSteps } })))).toBe('ok');
    expect(server.connections).toBe(2);
  });

  test('what came unasked on an idle connection is not taken for the next answer', async () => {
    const answer = (status: number) => `HTTP/1.1 ${status} OK\r\ncontent-length: 2\r\n\r\n{}`;
    let unasked = () => {};
    const server = await rawServer((socket) => {
      unasked = () => socket.write(answer(500));
      socket.on('data', () => socket.write(answer(200)));
    });
    const visit = job(server.url, { workflow: { connection: 'reuse' } });
    const engine = new TestEngine([visit]);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    unasked();
    await expect.poll(() => server.open).toBe(0);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    expect(server.connections).toBe(2);
  });

  test('a head that broke off is the beginning of an answer', async () => {
    const server = await rawServer((socket) => {
      let isFirst = true;
      socket.on('data', () => {
        if (isFirst) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
        else socket.end('HTTP/1.1 200 O');
        isFirst = false;
      });
    });
    const result = await runOnce(job(server.url, { workflow: { steps: twoSteps } }));
    expect(verdictOf(result)).toMatch(/^protocol: .*broke off in the head of the answer$/);
    expect(server.connections).toBe(1);
  });

  test('an answer that broke off is a fault, whichever connection it came on', async () => {
    const server = await rawServer((socket) => {
      let count = 0;
      socket.on('data', () => {
        count += 1;
        if (count === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
        else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf');
      });
    });
    const result = await runOnce(job(server.url, { workflow: { steps: twoSteps } }));
    expect(verdictOf(result)).toBe('protocol: the connection broke off in the middle of the answer');
    expect(server.connections).toBe(1);
  });
});

describe('HTTP/2', () => {
  let ca: Certificate;
  let leaf: Certificate;
  let tls: { caFile: string; minVersion: 'TLSv1.2'; insecureSkipVerify: false };

  beforeAll(async () => {
    ca = await authority();
    leaf = await certificate({ issuer: ca });
    tls = { caFile: fileOf('ca.pem', ca.cert), minVersion: 'TLSv1.2', insecureSkipVerify: false };
  });

  test('is spoken where the server agrees, over one connection', async () => {
    const server = await http2Server(leaf, (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-version': request.httpVersion }).end('{}');
    });
    const steps = [
      step({ name: 'one', expect: { ...step().expect, headers: { 'x-version': { matches: '^2.0$' } } } }),
      step({ name: 'two', method: 'POST', body: { kind: 'json', value: { a: 1 } } }),
    ];
    const result = await runOnce(job(server.url, { portal: { tls }, workflow: { steps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(stepOf(result).facts.protocol).toBe('h2');
    expect(server.connections).toBe(1);
  });

  test('is not offered when the portal says so', async () => {
    const server = await http2Server(leaf, (_, response) => response.writeHead(200).end('{}'));
    const { network } = portal('');
    const result = await runOnce(job(server.url, { portal: { tls, network: { ...network, http2: false } } }));
    expect(stepOf(result).facts.protocol).toBe('http/1.1');
  });

  test('a server that knows only HTTP/1.1 gets that', async () => {
    const server = await httpsServer(leaf, (_, response) => json(response, {}));
    const result = await runOnce(job(server.url, { portal: { tls } }));
    expect(stepOf(result).facts.protocol).toBe('http/1.1');
  });

  test('a session that the server has ended is not used again', async () => {
    const server = await http2Server(leaf, (_, response) => {
      response.writeHead(200).end('{}');
      // GOAWAY, with the connection left open.
      response.stream.session?.close();
    });
    const visit = job(server.url, { portal: { tls }, workflow: { steps: twoSteps, connection: 'reuse' } });
    const engine = new TestEngine([visit]);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    expect(verdictOf(await engine.run(visit))).toBe('ok');
  });

  test.each([
    ['reset', (stream: { close(code: number): void }) => stream.close(2), /^protocol: /],
    ['refused', (stream: { close(code: number): void }) => stream.close(7), /^protocol: /],
  ])('a stream that is %s', async (_, end, verdict) => {
    const server = await http2Server(leaf, (_request, response) => end(response.stream));
    expect(verdictOf(await runOnce(job(server.url, { portal: { tls } })))).toMatch(verdict);
  });

  const refusals: [what: string, refuse: (stream: number) => Buffer][] = [
    ['a stream that is refused', (stream) => frames.reset(stream, 7)],
    ['a goodbye below our stream', (stream) => frames.goaway(Math.max(0, stream - 2), 0)],
    ['a goodbye with an error below our stream', (stream) => frames.goaway(Math.max(0, stream - 2), 11)],
  ];
  describe.each(refusals)('%s was not processed', (_, refuse) => {
    const mutating = step({ name: 'two', method: 'POST', mutates: true });

    test.each([
      ['first', [mutating], 2],
      ['kept', [step({ name: 'one' }), mutating], 2],
    ])(
      'and is asked for once more, on a %s connection, even where it changes something',
      async (kind, steps, opened) => {
        let requests = 0;
        const server = await rawHttp2Server(leaf, (socket, stream) => {
          requests += 1;
          socket.write(requests === (kind === 'first' ? 1 : 2) ? refuse(stream) : frames.headers(stream, {}, true));
        });
        expect(verdictOf(await runOnce(job(server.url, { portal: { tls }, workflow: { steps } })))).toBe('ok');
        expect(server.connections).toBe(opened);
      },
    );

    test('and is not asked for a third time', async () => {
      const server = await rawHttp2Server(leaf, (socket, stream) => socket.write(refuse(stream)));
      const result = await runOnce(job(server.url, { portal: { tls }, workflow: { steps: [mutating] } }));
      expect(verdictOf(result)).toMatch(/^protocol: .*the server refused the request without looking at it$/);
      expect(server.connections).toBe(2);
    });
  });

  test.each([
    [false, 'ok', 2],
    [true, /^protocol: /, 1],
  ])('a kept connection that ends at the request (mutates: %s)', async (mutates, verdict, opened) => {
    let requests = 0;
    const server = await rawHttp2Server(leaf, (socket, stream) => {
      requests += 1;
      if (requests === 2) socket.end();
      else socket.write(frames.headers(stream, {}, true));
    });
    const steps = [step({ name: 'one' }), step({ name: 'two', method: 'POST', mutates })];
    const result = await runOnce(job(server.url, { portal: { tls }, workflow: { steps } }));
    expect(verdictOf(result)).toEqual(typeof verdict === 'string' ? verdict : expect.stringMatching(verdict));
    expect(server.connections).toBe(opened);
  });

  test('a stream that breaks off in the middle is not taken for whole', async () => {
    const server = await http2Server(leaf, (_, response) => {
      response.writeHead(200);
      response.write('half', () => response.stream.close(2));
    });
    expect(verdictOf(await runOnce(job(server.url, { portal: { tls } })))).toMatch(/^protocol: /);
  });

  test('no answer ends with the step, and shows where', async () => {
    const server = await http2Server(leaf, () => {});
    const steps = [step({ timeoutMs: 400 })];
    const result = await runOnce(job(server.url, { portal: { tls }, workflow: { steps } }));
    expect(verdictOf(result)).toBe('timeout: no end after 400 ms');
    expect(stepOf(result).phases.wait).toBeGreaterThan(20);
    // The portal may still be at work on it: the request stays open and holds its place.
    expect(server.open).toBe(1);
  });

  test('a huge body is given up at the limit', async () => {
    const server = await http2Server(leaf, (_, response) => response.writeHead(200).end(Buffer.alloc(500_000)));
    const steps = [step({ maxBodyBytes: 100_000 })];
    const result = await runOnce(job(server.url, { portal: { tls }, workflow: { steps } }));
    expect(stepOf(result).reason).toBe('size');
  });
});

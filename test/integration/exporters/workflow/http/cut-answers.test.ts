import { connect as connectTcp, createServer as createTcp, type Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LoopWatch } from '../../../../../exporters/runtime/measuring/loop-watch.js';
import { PhaseClock } from '../../../../../exporters/runtime/measuring/phase-clock.js';
import { Deadline } from '../../../../../exporters/runtime/portal/deadline.js';
import { Connections } from '../../../../../exporters/runtime/portal/http/connections.js';
import { decode } from '../../../../../exporters/runtime/portal/http/decode.js';
import { StepFailure } from '../../../../../exporters/runtime/portal/step-failure.js';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';
import { job, portal, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { http2Frames as frames, rawHttp2Server } from '../../../../support/workflow/raw-http2.js';
import { rawServer, serve, type TestServer } from '../../../../support/workflow/server.js';

const body = '{"status":"healthy"}';
const BROKEN = 'protocol: the connection broke off in the middle of the answer';
const withLength = whole(`content-length: ${body.length}\r\n`, Buffer.from(body));
const withoutLength = whole('', Buffer.from(body));

function whole(headers: string, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n`), bytes]);
}

function chunked(bytes: Buffer, trailers = ''): Buffer {
  const [first, second] = [bytes.subarray(0, 7), bytes.subarray(7)];
  return Buffer.concat([
    Buffer.from(`${first.length.toString(16)}\r\n`),
    first,
    Buffer.from(`\r\n${second.length.toString(16)};note=x\r\n`),
    second,
    Buffer.from(`\r\n0\r\n${trailers}\r\n`),
  ]);
}

/** What is judged of one answer: `ok`, or the failure. */
async function ask(url: string): Promise<string> {
  const connections = new Connections();
  const limit = new Deadline(2000);
  const outgoing = { method: 'GET', url: new URL(url), headers: {}, body: undefined, maxBodyBytes: 10_000 };
  try {
    const answer = await connections.send(outgoing, portal(url), new PhaseClock(new LoopWatch()), limit);
    const text = (await decode(answer.body, answer.headers['content-encoding'], 10_000)).toString();
    return text === body ? 'ok' : `ok, but with ${text}`;
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return `${error.reason}: ${error.message}`;
  } finally {
    limit.clear();
    connections.close();
  }
}

/** The path says after how many bytes the answer is cut, and how. */
function cuttingServer(answer: Buffer): Promise<TestServer> {
  return rawServer((socket, first) => {
    void first.then((request) => {
      const [, bytes, how] = /^GET \/(\d+)\/(\w+)/.exec(request) ?? [];
      socket.write(answer.subarray(0, Number(bytes)));
      // Data and reset then reach the other side together, which is when a reset is hard to tell from an end.
      if (how === 'reset') socket.resetAndDestroy();
      else socket.end();
    });
  });
}

describe('HTTP/1.1: an answer that is cut anywhere is not whole', () => {
  const framings: [framing: string, answer: Buffer][] = [
    ['a length', withLength],
    [
      'chunks and trailers',
      whole('transfer-encoding: chunked\r\n', chunked(Buffer.from(body), 'x-sum: 1\r\nx: y\r\n')),
    ],
    [
      'compressed chunks',
      whole('transfer-encoding: chunked\r\ncontent-encoding: gzip\r\n', chunked(gzipSync(Buffer.from(body)))),
    ],
  ];
  test.each(framings)('%s', async (_, answer) => {
    const server = await cuttingServer(answer);
    expect(await ask(`${server.url}/${answer.length}/end`)).toBe('ok');
    const verdicts: string[] = [];
    for (let bytes = 0; bytes < answer.length; bytes += 1) {
      verdicts.push(await ask(`${server.url}/${bytes}/${bytes % 3 === 2 ? 'reset' : 'end'}`));
    }
    expect(verdicts.filter((verdict) => !verdict.startsWith('protocol: '))).toEqual([]);
  });

  const codings: [coding: string, pack: (bytes: Buffer) => Buffer][] = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ];
  test.each(codings)('%s, with a length that is right for the part', async (coding, pack) => {
    const packed = pack(Buffer.from(body));
    const server = await rawServer((socket, first) => {
      void first.then((request) => {
        const part = packed.subarray(0, Number(/^GET \/(\d+)/.exec(request)?.[1]));
        socket.end(whole(`content-encoding: ${coding}\r\ncontent-length: ${part.length}\r\n`, part));
      });
    });
    expect(await ask(`${server.url}/${packed.length}`)).toBe('ok');
    const verdicts: string[] = [];
    for (let bytes = 1; bytes < packed.length; bytes += 1) verdicts.push(await ask(`${server.url}/${bytes}`));
    expect(verdicts.filter((verdict) => !verdict.startsWith('protocol: '))).toEqual([]);
  });

  test('without a length a reset is a cut, and an end is the end', async () => {
    const server = await cuttingServer(withoutLength);
    expect(await ask(`${server.url}/${withoutLength.length}/end`)).toBe('ok');
    // A reset throws away what the kernel had received and nobody had read, so it may come before the head.
    expect(await ask(`${server.url}/${withoutLength.length}/reset`)).toMatch(
      /^protocol: (the connection broke off in the middle of the answer|\S+ connection reset \(ECONNRESET\))$/,
    );
  });

  const cutOffs: [type: string, content: string, least: number][] = [
    ['application/json', '{"status":"healthy"}', 0],
    ['application/problem+json', ' [{"a":[1]},"x"]\n', 0],
    ['text/html; charset=utf-8', '<!doctype html><html lang=en><body><p>Fine</p></body></html>', 21],
    ['text/html', '<p>Fine<!-- all <b> --></p', 9],
    ['application/xml', '<?xml version="1.0"?><a><b>1</b><a/></a>\n', 0],
    ['image/svg+xml', '<svg width="1" />', 0],
    ['multipart/mixed; boundary="xyz"', '--xyz\r\n\r\nbody\r\n--xyz--', 0],
    ['application/pdf', '%PDF-1.7\n%%EOF', 0],
  ];
  test.each(cutOffs)(
    'without a length, %s is not met unless its content has come to its end',
    async (type, content, least) => {
      let sent = '';
      const server = await rawServer((socket, first) => {
        void first.then(() => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n\r\n${sent}`));
      });
      const verdict = async (text: string) => {
        sent = text;
        return verdictOf(await runOnce(job(server.url)));
      };
      const isWhole = !content.endsWith('</p');
      if (isWhole) expect(await verdict(content)).toBe('ok');
      for (const length of new Set([least, (least + content.length) >> 1, content.trimEnd().length - 1])) {
        expect(await verdict(content.slice(0, length)), content.slice(0, length)).toMatch(
          /^protocol: the answer was cut off: /,
        );
      }
    },
  );

  test.each([
    ['text/html', '<p>Fine'],
    ['text/html', '<title>a</title><p>1 < 2'],
    ['text/html', '<html><p>Fine</html><!-- made in 3 ms -->\n'],
    ['text/xml', '<a>1</a><!-- end -->\n<?done?>'],
    ['text/plain', 'Fin'],
    ['text/csv', 'a,b'],
  ])('without a length, %s: %s may be whole', async (type, content) => {
    const server = await rawServer((socket, first) => {
      void first.then(() => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n\r\n${content}`));
    });
    expect(verdictOf(await runOnce(job(server.url)))).toBe('ok');
  });

  test('without a length, another status than expected is told first', async () => {
    const server = await rawServer((socket, first) => {
      void first.then(() => socket.end('HTTP/1.1 500 No\r\ncontent-type: application/json\r\n\r\n{"err'));
    });
    expect(verdictOf(await runOnce(job(server.url)))).toMatch(/^status: status 500/);
  });

  const wrong: [what: string, answer: Buffer, verdict: RegExp][] = [
    [
      'more bytes than the length says',
      whole(`content-length: ${body.length}\r\n`, Buffer.from(`${body}and more`)),
      /^protocol: .*more bytes came than the answer's length says/,
    ],
    [
      'a length of 0 and a body',
      whole('content-length: 0\r\n', Buffer.from(body)),
      /^protocol: .*more bytes came than the answer's length says/,
    ],
    [
      'chunks, and something behind the last',
      whole('transfer-encoding: chunked\r\n', Buffer.concat([chunked(Buffer.from(body)), Buffer.from('more')])),
      /^protocol: .*more bytes came than the answer's length says/,
    ],
    [
      'two lengths',
      whole(`content-length: ${body.length}\r\ncontent-length: 5\r\n`, Buffer.from(body)),
      /^protocol: .*HPE_UNEXPECTED_CONTENT_LENGTH/,
    ],
    [
      'a length and chunks',
      whole('content-length: 5\r\ntransfer-encoding: chunked\r\n', chunked(Buffer.from(body))),
      /^protocol: .*HPE_/,
    ],
    [
      'a transfer coding that we do not undo',
      whole('transfer-encoding: gzip, chunked\r\n', chunked(gzipSync(Buffer.from(body)))),
      /^protocol: unknown transfer encoding gzip$/,
    ],
    ['early hints and nothing more', Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'), /^protocol: .*in the head of/],
  ];
  test.each(wrong)('%s', async (_, answer, verdict) => {
    const server = await cuttingServer(answer);
    expect(await ask(`${server.url}/${answer.length}/end`)).toMatch(verdict);
  });
});

describe('over TLS', () => {
  let ca: Certificate;
  let leaf: Certificate;
  let tls: { caFile: string; minVersion: 'TLSv1.2'; insecureSkipVerify: false };

  beforeAll(async () => {
    ca = await authority();
    leaf = await certificate({ issuer: ca });
    tls = { caFile: fileOf('ca.pem', ca.cert), minVersion: 'TLSv1.2', insecureSkipVerify: false };
  });

  /** Passes TLS on, so that the connection can be cut under it. */
  async function carrier(to: TestServer): Promise<{ port: number; sockets: Socket[] }> {
    const sockets: Socket[] = [];
    const server = createTcp({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      const upstream = connectTcp({ port: to.port, host: '127.0.0.1', allowHalfOpen: true });
      for (const one of [socket, upstream]) one.on('error', () => {});
      onTestFinished(() => void upstream.destroy());
      socket.pipe(upstream).pipe(socket);
    });
    const { port } = await serve(server, 'https');
    return { port, sockets };
  }

  const look = async (port: number) => {
    const visit = job(`https://localhost:${port}`, {
      portal: { tls },
      workflow: { steps: [step({ timeoutMs: 2000 })] },
    });
    return verdictOf(await runOnce(visit));
  };

  async function tlsServer(version: 'TLSv1.2' | 'TLSv1.3', end: (socket: Socket) => void): Promise<TestServer> {
    const { createServer } = await import('node:tls');
    const server = createServer({ ...leaf, minVersion: version, maxVersion: version }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => end(socket));
    });
    return serve(server, 'https');
  }

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s, an answer without a length', (version) => {
    test('that ends with close_notify is whole, sent with it or after it', async () => {
      const together = await tlsServer(version, (socket) => socket.end(withoutLength));
      expect(await look(together.port)).toBe('ok');
      const apart = await tlsServer(version, (socket) => {
        socket.write(withoutLength, () => setTimeout(() => socket.end(), 30));
      });
      expect(await look(apart.port)).toBe('ok');
    });

    test.each(['end', 'reset'])('that is cut by an %s of the connection is not', async (how) => {
      const server = await tlsServer(version, (socket) => {
        socket.write(withoutLength, () =>
          setTimeout(() => {
            const [under] = between.sockets;
            if (how === 'end') under?.end();
            else under?.resetAndDestroy();
          }, 30),
        );
      });
      const between = await carrier(server);
      expect(await look(between.port)).toMatch(/^protocol: .*(broke off|ECONNRESET)/);
    });

    test('that is cut in the middle of a record is not', async () => {
      const server = await tlsServer(version, (socket) => {
        socket.write(withoutLength, () =>
          setTimeout(() => between.sockets[0]?.end(Buffer.from([23, 3, 3, 0x40, 0, 1, 2, 3])), 30),
        );
      });
      const between = await carrier(server);
      expect(await look(between.port)).toBe(BROKEN);
    });
  });

  describe('HTTP/2', () => {
    const ask2 = async (answer: (socket: Socket, stream: number, carrier: Socket | undefined) => void) => {
      const server = await rawHttp2Server(leaf, answer);
      return runOnce(
        job(server.url, { portal: { tls }, workflow: { steps: [step({ timeoutMs: 1000, method: 'POST' })] } }),
      );
    };
    const start = (stream: number) => Buffer.concat([frames.headers(stream), frames.data(stream, body)]);

    test('what ends as it should is whole', async () => {
      const result = await ask2((socket, stream) =>
        socket.write(Buffer.concat([frames.headers(stream), frames.data(stream, body, true)])),
      );
      expect(verdictOf(result)).toBe('ok');
      expect(stepOf(result).facts.protocol).toBe('h2');
    });

    const good: [what: string, (stream: number) => Buffer][] = [
      ['headers alone', (stream) => frames.headers(stream, {}, true)],
      ['trailers', (stream) => Buffer.concat([start(stream), frames.trailers(stream, { 'x-sum': '1' })])],
      ['an empty last frame', (stream) => Buffer.concat([start(stream), frames.data(stream, '', true)])],
      [
        'a reset with NO_ERROR behind its end',
        (stream) => Buffer.concat([frames.headers(stream), frames.data(stream, body, true), frames.reset(stream, 0)]),
      ],
      [
        'a goodbye behind it',
        (stream) => Buffer.concat([frames.headers(stream), frames.data(stream, body, true), frames.goaway(stream, 0)]),
      ],
    ];
    test.each(good)('%s: whole', async (_, bytes) => {
      expect(verdictOf(await ask2((socket, stream) => socket.write(bytes(stream))))).toBe('ok');
    });

    const cut: [what: string, (stream: number) => Buffer, end?: 'end' | 'cut' | 'reset'][] = [
      ['a reset with NO_ERROR', (stream) => Buffer.concat([start(stream), frames.reset(stream, 0)])],
      ['a reset with CANCEL', (stream) => Buffer.concat([start(stream), frames.reset(stream, 8)])],
      ['a reset with INTERNAL_ERROR', (stream) => Buffer.concat([start(stream), frames.reset(stream, 2)])],
      ['a reset behind the headers', (stream) => Buffer.concat([frames.headers(stream), frames.reset(stream, 0)])],
      ['a reset with NO_ERROR before them', (stream) => frames.reset(stream, 0)],
      ['a goodbye with an error', (stream) => Buffer.concat([start(stream), frames.goaway(stream, 2)])],
      ['the end of TLS', start, 'end'],
      ['a goodbye and the end of TLS', (stream) => Buffer.concat([start(stream), frames.goaway(stream, 0)]), 'end'],
      ['the end of the connection', start, 'cut'],
      ['a reset of the connection', start, 'reset'],
      [
        'trailers without their end',
        (stream) => Buffer.concat([start(stream), frames.halfTrailers(stream, { x: 'y' })]),
        'end',
      ],
      [
        'less than the length',
        (stream) =>
          Buffer.concat([frames.headers(stream, { 'content-length': '50' }), frames.data(stream, body, true)]),
      ],
      [
        'less than the length and a reset with NO_ERROR',
        (stream) =>
          Buffer.concat([
            frames.headers(stream, { 'content-length': '50' }),
            frames.data(stream, body),
            frames.reset(stream, 0),
          ]),
      ],
      [
        'more than the length',
        (stream) => Buffer.concat([frames.headers(stream, { 'content-length': '3' }), frames.data(stream, body, true)]),
      ],
    ];
    test.each(cut)('%s: cut', async (_, bytes, end) => {
      const result = await ask2((socket, stream, under) => {
        socket.write(bytes(stream), () => {
          if (end === 'end') socket.end();
          if (end === 'cut') under?.end();
          if (end === 'reset') under?.resetAndDestroy();
        });
      });
      expect(verdictOf(result)).toMatch(/^protocol: /);
    });
  });
});

import {
  createServer as createHttp,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createSecureServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server on a free port of the loopback, ended with its test. */
export interface TestServer {
  readonly port: number;
  /** With the name `localhost`, which certificates of the tests carry. */
  readonly url: string;
  /** Whole requests, in the order of their ends. */
  readonly requests: readonly SeenRequest[];
  /** How many connections were ever opened. */
  readonly connections: number;
  /** Those open now. */
  readonly open: number;
  /** Resolves when so many requests have been seen. */
  seen(count: number): Promise<void>;
  /** Breaks every connection. */
  dropConnections(): void;
  close(): Promise<void>;
}

export async function httpServer(handler: Handler): Promise<TestServer> {
  const log = new RequestLog();
  return serve(createHttp(log.wrap(handler)), 'http', log);
}

export async function httpsServer(tls: TlsOptions, handler: Handler): Promise<TestServer> {
  const log = new RequestLog();
  return serve(createHttps(tls, log.wrap(handler)), 'https', log);
}

/** Speaks HTTP/2 with those that offer it, and HTTP/1.1 with others. */
export async function http2Server(
  tls: TlsOptions,
  handler: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<TestServer> {
  const log = new RequestLog();
  const server = createHttp2({ ...tls, allowHTTP1: true }, (request, response) => {
    log.add({ method: request.method, url: request.url, headers: request.headers, body: '' });
    handler(request, response);
  });
  return serve(server, 'https', log);
}

/** Whatever bytes one likes. */
export async function rawServer(
  onConnection: (socket: Socket, firstBytes: Promise<string>) => void,
): Promise<TestServer> {
  const log = new RequestLog();
  const server = createTcp((socket) => {
    socket.on('error', () => {});
    const first = new Promise<string>((resolve) => {
      socket.once('data', (bytes) => {
        const text = bytes.toString('latin1');
        log.add({ method: text.split(' ')[0] ?? '', url: text.split(' ')[1] ?? '', headers: {}, body: '' });
        resolve(text);
      });
    });
    onConnection(socket, first);
  });
  return serve(server, 'http', log);
}

/** A port on which nothing listens. */
export async function deadPort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export function json(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Record<string, string | string[]> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

export class RequestLog {
  readonly requests: SeenRequest[] = [];
  readonly #waiting = new Set<() => void>();

  add(request: SeenRequest): void {
    this.requests.push(request);
    for (const check of this.#waiting) check();
  }

  seen(count: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.requests.length < count) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  wrap(handler: Handler) {
    return (request: IncomingMessage, response: ServerResponse): void => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => {});
      request.once('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        this.add({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
        handler(request, response, body);
      });
    };
  }
}

export async function serve(
  server: HttpServer | TcpServer,
  scheme: 'http' | 'https',
  log = new RequestLog(),
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  // A client that gives up in the middle of a handshake is what many of these tests are about.
  server.on('tlsClientError', () => {});
  server.on('sessionError', () => {});
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      dropConnections();
    });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  onTestFinished(close);
  return {
    port,
    url: `${scheme}://localhost:${port}`,
    requests: log.requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    seen: (count) => log.seen(count),
    dropConnections,
    close,
  };
}

function portOf(server: HttpServer | TcpServer): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../log.js';
import { TlsAdmission } from '../web/tls-admission.js';
import type { WebConfigSource } from '../web/watched-config.js';
import type { ConnectionLimits } from './connection-limits.js';
import { formatListenAddress, type ListenAddress } from './listen-address.js';
import type { Messages } from './messages.js';

/** Ten minutes of silence: longer than any scrape interval, so that a server keeps its connection. */
const KEEP_ALIVE_MS = 600_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Time limit for the complete request to arrive; it does not limit the answer. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node checks these limits. With its default of 30 s, the limit of 10 s for headers could become 40 s. */
const TIMEOUT_CHECK_MS = 1000;
const SWEEP_MS = 50;
/** Time limit for the client to read an answer: otherwise it could use a place for scrapes for ever. */
const SENDING_TIMEOUT_MS = 60_000;

/** The server cannot listen on the address; the message says what to do. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

export interface ListenerOptions {
  readonly handler: RequestListener;
  readonly messages: Messages;
  readonly web: WebConfigSource;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
}

/** One address. It serves plain HTTP or TLS: a new connection uses the configuration of that moment. */
export class Listener {
  readonly #server: Server;
  readonly #address: ListenAddress;
  /** Includes connections during the TLS handshake, which the HTTP server does not know yet. */
  readonly #sockets = new Set<Socket>();

  constructor(address: ListenAddress, { handler, messages, web, limits, log }: ListenerOptions) {
    this.#address = address;
    this.#server = createServer(
      {
        ...messages,
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      },
      (request, response) => {
        if (limits.isTurnedAway(request.socket)) {
          refuseConnection(response);
          return;
        }
        const ended = limits.beginRequest(request.socket);
        if (ended === undefined) return;
        response.once('close', ended);
        boundSending(response);
        handler(request, response);
      },
    );
    this.#admitThroughTls(web, limits, log);
  }

  async listen(): Promise<ListenAddress> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(explain(error, this.#address)));
      this.#server.listen(this.#address, () => resolve());
    });
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? { ...this.#address, port: bound.port } : this.#address;
  }

  /** Accepts no new connection, closes idle ones at once, and busy ones when they end or after the grace period. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    // An answer that started before the drain has keep-alive, and leaves its connection idle when it ends.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS);
    const end = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(end);
  }

  /** If TLS is configured, a socket is used for HTTP only after it was admitted. */
  #admitThroughTls(web: WebConfigSource, limits: ConnectionLimits, log: Logger): void {
    const speakHttp = this.#server.listeners('connection');
    this.#server.removeAllListeners('connection');
    const admit = (socket: Socket): void => {
      for (const listener of speakHttp) listener.call(this.#server, socket);
    };
    const admission = new TlsAdmission(admit, log);
    this.#server.on('connection', (socket: Socket) => {
      const { tls } = web.current();
      if (!limits.admit(socket, tls === undefined)) return;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if (tls === undefined) admit(socket);
      else admission.enter(socket, tls);
    });
  }
}

function refuseConnection(response: ServerResponse): void {
  response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '1', Connection: 'close' });
  response.end('Too many connections; try again\n');
}

function boundSending(response: ServerResponse): void {
  response.once('prefinish', () => {
    const timer = setTimeout(() => response.destroy(), SENDING_TIMEOUT_MS);
    timer.unref();
    response.once('close', () => clearTimeout(timer));
  });
}

function explain(error: NodeJS.ErrnoException, address: ListenAddress): Error {
  const place = formatListenAddress(address);
  switch (error.code) {
    case 'EADDRINUSE':
      return new CannotListen(
        `${place} is in use; stop what listens there, or choose another address with --web.listen-address`,
        { cause: error },
      );
    case 'EACCES':
      return new CannotListen(`${place} may not be listened on; choose a port above 1023 with --web.listen-address`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CannotListen(`${place} is no address of this machine; correct --web.listen-address`, { cause: error });
    default:
      return new CannotListen(`cannot listen on ${place}: ${error.message}`, { cause: error });
  }
}

import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '../log.js';
import { carriesAllowedName } from './client-names.js';
import type { ServerTls } from './server-tls.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * Performs the TLS handshake of new connections with the configuration of that moment. The client-certificate policy of
 * a TLS server of Node cannot change, so a changed configuration gets a new server; existing connections stay with
 * their server.
 */
export class TlsAdmission {
  readonly #onSecure: (socket: TLSSocket) => void;
  readonly #log: Logger;
  #server: Server | undefined;
  #servedBy: ServerTls | undefined;

  constructor(onSecure: (socket: TLSSocket) => void, log: Logger) {
    this.#onSecure = onSecure;
    this.#log = log;
  }

  enter(socket: Socket, tls: ServerTls): void {
    if (this.#server === undefined || this.#servedBy !== tls) {
      this.#server = this.#serverFor(tls);
      this.#servedBy = tls;
    }
    this.#server.emit('connection', socket);
  }

  #serverFor(tls: ServerTls): Server {
    const server = createServer({
      ...tls.context,
      requestCert: tls.clientAuth !== 'NoClientCert',
      rejectUnauthorized: tls.clientAuth === 'RequireAndVerifyClientCert',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    server.on('secureConnection', (socket) => {
      const objection = objectionTo(socket, tls);
      if (objection === undefined) {
        this.#onSecure(socket);
        return;
      }
      this.#log.info('client certificate refused', { client: socket.remoteAddress, reason: objection });
      socket.destroy();
    });
    server.on('tlsClientError', (error, socket) => {
      this.#log.debug('TLS handshake failed', { client: socket.remoteAddress, error });
      socket.destroy();
    });
    return server;
  }
}

/** Why this client is refused; undefined when it is accepted. */
function objectionTo(socket: TLSSocket, { clientAuth, allowedSans }: ServerTls): string | undefined {
  if (clientAuth === 'NoClientCert' || clientAuth === 'RequestClientCert') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return clientAuth === 'VerifyClientCertIfGiven' ? undefined : 'it has none';
  }
  if (clientAuth !== 'RequireAnyClientCert' && !socket.authorized) {
    return String(socket.authorizationError);
  }
  if (allowedSans !== undefined && !carriesAllowedName(certificate, allowedSans)) {
    return 'none of its names is in client_allowed_sans';
  }
  return undefined;
}

import { once } from 'node:events';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps, Server as HttpsServer } from 'node:https';
import type { KeyPair } from './tls.js';

export type AnyServer = Server | HttpsServer;

export function serverFor(app: RequestListener, tls: KeyPair | undefined): AnyServer {
  return tls ? createHttps({ ...tls, ALPNProtocols: ['http/1.1'] }, app) : createHttp(app);
}

/** @returns the address it can be asked under */
export async function listen(server: AnyServer, host: string, port: number): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${server instanceof HttpsServer ? 'https' : 'http'}://${name}:${bound}`;
}

export async function closeServer(server: AnyServer): Promise<void> {
  if (server.listening) {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

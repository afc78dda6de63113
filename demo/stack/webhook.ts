import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { notification, type ReceivedAlert } from './notification.js';
import { LOOPBACK, onFreePort } from './ports.js';
import { type Running, type Service, ServiceFailed } from './service.js';
import { alertsPage } from './webhook-page.js';

export interface RunningWebhook extends Running {
  readonly received: readonly ReceivedAlert[];
}

const KEPT = 500;
const HEARTBEAT = '/heartbeat';

/** In place of a pager: receives notifications of Alertmanager, prints them, and lists them on a page. */
export function webhook(options: {
  readonly port: number;
  readonly onAlert?: (received: ReceivedAlert) => void;
}): Service<RunningWebhook> {
  return {
    name: 'alerts',
    title: 'Alerts received',
    start: () => onFreePort(options.port, (port) => startWebhook(port, options.onAlert ?? (() => undefined))),
  };
}

export async function startWebhook(port: number, onAlert: (received: ReceivedAlert) => void): Promise<RunningWebhook> {
  const received: ReceivedAlert[] = [];
  let heartbeat: Date | undefined;
  const take = async (request: IncomingMessage, path: string) => {
    const { alerts, receiver } = notification.parse(JSON.parse(await text(request)));
    const at = new Date();
    if (path === HEARTBEAT) {
      heartbeat = at;
      return;
    }
    for (const alert of alerts) {
      const entry = { at, path, receiver, alert };
      received.push(entry);
      onAlert(entry);
    }
    received.splice(0, received.length - KEPT);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://alerts');
    if (request.method === 'POST') {
      await take(request, pathname);
      response.writeHead(200).end();
    } else if (pathname === '/alerts.json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ heartbeat, received }));
    } else if (pathname === '/') {
      response
        .writeHead(200, {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        })
        .end(alertsPage(received, heartbeat));
    } else {
      response.writeHead(404).end();
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
  server.listen(port, LOOPBACK);
  await once(server, 'listening').catch((error: unknown) => {
    throw new ServiceFailed('The receiver of alerts could not listen.', [String(error)]);
  });
  return {
    address: `http://${LOOPBACK}:${port}`,
    received,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DemoDatabase } from '../postgres/index.js';
import { Child } from './child.js';
import { type LauncherMessage, type PortalReady, portalMessage, type StartPortal } from './portal-protocol.js';
import { onFreePort } from './ports.js';
import { type Running, type Service, ServiceFailed, type StackContext } from './service.js';

export interface DemoPortalOptions {
  readonly database: DemoDatabase;
  readonly port: number;
  readonly adminPort: number;
  readonly pathStyle: 'underscore' | 'kebab';
  readonly withTls: boolean;
  readonly scale?: number;
  /** As the admin route takes them. */
  readonly faults: readonly unknown[];
}

export interface RunningPortal extends Running {
  /** Where faults are switched. */
  readonly adminUrl: string;
  readonly probeEmail: string;
  readonly probePassword: string;
}

/** Seeding a hundred times the data takes minutes. */
const PATIENCE_MS = 60_000;
const PATIENCE_PER_SCALE_MS = 15_000;

export function demoPortal(options: DemoPortalOptions): Service<RunningPortal> {
  return {
    name: 'portal',
    title: 'Demo portal',
    start: (context) =>
      onFreePort(options.port, (port) =>
        onFreePort(options.adminPort, (adminPort) => start(context, { ...options, port, adminPort })),
      ),
  };
}

async function start(context: StackContext, options: DemoPortalOptions): Promise<RunningPortal> {
  const child = new Child(
    {
      title: 'The demo portal',
      name: 'portal',
      file: process.execPath,
      args: [join(fileURLToPath(new URL('.', import.meta.url)), 'portal-process.js')],
      ipc: true,
      advice: 'End the demo and start it again; if it happens again, report the lines above.',
    },
    context,
  );
  const ready = child.message(PATIENCE_MS + (options.scale ?? 1) * PATIENCE_PER_SCALE_MS);
  send(child, orderOf(options));
  const { adminUrl, url, probeEmail, probePassword } = asReady(await ready);
  child.process.on('message', (message) => void control(child, options.database, message));
  const detail = `faults on ${adminUrl}/admin`;
  return { address: url, detail, adminUrl, probeEmail, probePassword, stop: () => child.stop() };
}

function orderOf({ database, port, adminPort, pathStyle, withTls, scale, faults }: DemoPortalOptions): StartPortal {
  return {
    type: 'start',
    databaseUrl: database.url,
    ownsDatabase: database.server !== undefined,
    ...(database.server === undefined ? {} : { adminDatabaseUrl: database.server.adminUrl }),
    port,
    adminPort,
    pathStyle,
    withTls,
    ...(scale === undefined ? {} : { scale }),
    faults: [...faults],
  };
}

function asReady(message: unknown): PortalReady {
  const parsed = portalMessage.parse(message);
  if (parsed.type !== 'ready') {
    throw new ServiceFailed('The demo portal did not say that it is ready.');
  }
  return parsed;
}

/** Only the launcher can stop and start the database for a fault. */
async function control(child: Child, { server }: DemoDatabase, raw: unknown): Promise<void> {
  const message = portalMessage.parse(raw);
  if (message.type !== 'database') {
    return;
  }
  const { id, action } = message;
  try {
    await (action === 'stop' ? server?.stop('immediate') : server?.start());
    send(child, { type: 'database-done', id });
  } catch (error) {
    send(child, { type: 'database-done', id, error: error instanceof Error ? error.message : String(error) });
  }
}

function send(child: Child, message: LauncherMessage): void {
  if (child.process.connected) {
    child.process.send(message, () => undefined);
  }
}

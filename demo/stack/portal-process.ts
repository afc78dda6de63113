/**
 * The demo portal as a program of its own. Like the real one it freezes when its cache is cold, and the launcher, which
 * has to react to Ctrl-C and to receive alerts, must not freeze with it.
 */
import { once } from 'node:events';
import { type DatabaseControl, startPortal } from '../portal/index.js';
import { launcherMessage, type PortalMessage, type StartPortal } from './portal-protocol.js';

function tell(message: PortalMessage): void {
  process.send?.(message);
}

/** The server belongs to the launcher, so a fault that takes it down has to be asked for there. */
function launchersDatabase(): DatabaseControl {
  let lastId = 0;
  const ask = async (action: 'stop' | 'start') => {
    lastId += 1;
    const id = lastId;
    const answered = new Promise<void>((resolve, reject) => {
      const listen = (value: unknown) => {
        const message = launcherMessage.parse(value);
        if (message.type === 'database-done' && message.id === id) {
          process.off('message', listen);
          if (message.error === undefined) resolve();
          else reject(new Error(message.error));
        }
      };
      process.on('message', listen);
    });
    tell({ type: 'database', id, action });
    await answered;
  };
  return { stop: () => ask('stop'), start: () => ask('start') };
}

async function run(order: StartPortal): Promise<void> {
  const { databaseUrl, ownsDatabase, adminDatabaseUrl, port, adminPort, pathStyle, withTls, scale, faults } = order;
  const portal = await startPortal({
    databaseUrl,
    port,
    adminPort,
    pathStyle,
    ...(withTls ? { tls: 'self-signed' as const } : {}),
    ...(scale === undefined ? {} : { scale }),
    ...(adminDatabaseUrl === undefined ? {} : { adminDatabaseUrl }),
    ...(ownsDatabase ? { databaseControl: launchersDatabase() } : {}),
    log: (message) => process.stdout.write(`${new Date().toISOString()} ${message}\n`),
  });
  for (const fault of faults) {
    await portal.faults.set(fault);
  }
  let isStopping = false;
  const stop = () => {
    if (!isStopping) {
      isStopping = true;
      portal.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The launcher is gone, however it went.
  process.on('disconnect', stop);
  const { url, adminUrl, probeEmail, probePassword } = portal;
  tell({ type: 'ready', url, adminUrl, probeEmail, probePassword });
}

const [first] = await once(process, 'message');
const order = launcherMessage.parse(first);
if (order.type === 'start') {
  await run(order);
}

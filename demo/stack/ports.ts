import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { ServiceFailed } from './service.js';

export const LOOPBACK = '127.0.0.1';

const NEIGHBOURS = 100;
const ATTEMPTS = 4;

/** Starts something on the wanted port or, where that is taken, on the next free one. 0 means any. */
export async function onFreePort<T>(wanted: number, start: (port: number) => Promise<T>): Promise<T> {
  let from = wanted;
  for (let attempt = 1; ; attempt += 1) {
    const port = await nextFreePort(from);
    try {
      return await start(port);
    } catch (error) {
      // Another program may have taken the port between this check and the bind.
      const isTaken = error instanceof ServiceFailed && error.isPortTaken;
      if (!isTaken || attempt === ATTEMPTS) {
        throw error;
      }
      from = wanted === 0 ? 0 : port + 1;
    }
  }
}

export async function nextFreePort(wanted: number): Promise<number> {
  if (wanted !== 0) {
    for (let port = wanted; port < Math.min(wanted + NEIGHBOURS, 65_536); port += 1) {
      if ((await bind(port)) !== undefined && !(await answers(port))) {
        return port;
      }
    }
  }
  const port = await bind(0);
  if (port === undefined) {
    throw new ServiceFailed(`No free port on ${LOOPBACK}. End some of the programs that listen there and start again.`);
  }
  return port;
}

async function bind(port: number): Promise<number | undefined> {
  const probe = createServer();
  try {
    probe.listen({ port, host: LOOPBACK, exclusive: true });
    await once(probe, 'listening');
    const address = probe.address();
    return typeof address === 'object' ? address?.port : undefined;
  } catch {
    return undefined;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}

/** macOS and Windows let us bind beside a program that listens on all addresses; the browser would then find either. */
async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: LOOPBACK });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(500) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

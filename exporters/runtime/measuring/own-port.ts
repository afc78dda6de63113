import { parentPort } from 'node:worker_threads';

/** The connection of a measuring program to its parent, which started it as a thread or as a process. */
export interface OwnPort {
  onMessage(listener: (text: string) => void): void;
  postMessage(text: string): void;
}

/** From now on, missing messages mean that the program hangs. */
const LOADED = JSON.stringify([{ type: 'pulse' }]);

/** @throws {Error} when the program was started by hand. */
export function ownPort(program: string): OwnPort {
  const port = parentPort;
  if (port !== null) {
    port.postMessage(LOADED);
    return {
      onMessage: (listener) => void port.on('message', listener),
      postMessage: (text) => port.postMessage(text),
    };
  }
  if (process.send === undefined) throw new Error(`${program} is started by its exporter, not by hand`);
  // The exporter tells it to end; a signal to the process group must not look like its death.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.send(LOADED);
  return {
    onMessage: (listener) => void process.on('message', (text) => listener(String(text))),
    postMessage: (text) => void process.send?.(text),
  };
}

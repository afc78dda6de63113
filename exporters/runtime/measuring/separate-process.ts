import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measurer } from './thread.js';

/**
 * A measuring program in a process of its own, for what cannot share one: a library with one state for the whole process,
 * which may have to be initialised again, or may bring its process down. It ends with this process, however that ends.
 *
 * @param url of a program that takes {@link ownPort}.
 */
export function separateProcess(url: URL, youngGenerationMb: number): Measurer {
  const child = fork(fileURLToPath(url), [], {
    execArgv: [`--max-semi-space-size=${youngGenerationMb}`, '--no-parallel-scavenge'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    onMessage: (listener) => void child.on('message', (text) => listener(String(text))),
    onError: (listener) => void child.on('error', listener),
    onExit: (listener) =>
      void child.on('exit', (code, signal) => {
        if (code !== 0 && signal !== 'SIGKILL') listener(`it ended with ${signal ?? `code ${code}`}`);
        else listener();
      }),
    postMessage(text) {
      // It may just have ended; whoever waits is told by its exit.
      if (child.connected) child.send(text, () => undefined);
    },
    async terminate() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

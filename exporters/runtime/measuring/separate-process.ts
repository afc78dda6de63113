import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measurer } from './thread.js';

/**
 * A measuring program in a separate process, for libraries with one state per process, which may have to be initialised
 * again or may crash their process. It ends when this process ends, for any reason.
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
      // It may just have ended; its exit event informs those that wait.
      if (child.connected) child.send(text, () => undefined);
    },
    async terminate() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

import type { Logger } from './log.js';
import { describeError } from './log.js';

export interface Lifecycle {
  readonly log: Logger;
  reload(): Promise<unknown>;
  stop(): Promise<void>;
}

/** SIGHUP reloads, SIGTERM and SIGINT end the process in order, and a second one at once. */
export function obeySignals({ log, reload, stop }: Lifecycle): void {
  let isStopping = false;
  const end = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info('signal received', { signal });
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stopping failed', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // On Windows this signal means that the console window closes, and cannot be survived.
  if (process.platform !== 'win32') process.on('SIGHUP', () => void reload());
  // Node would print the stack itself, past the redactor.
  process.on('uncaughtException', (error) => {
    log.error('internal error; the process ends', { error: describeError(error), stack: error.stack });
    process.exit(1);
  });
}

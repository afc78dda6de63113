import type { Logger } from './log.js';
import { describeError } from './log.js';

export interface Lifecycle {
  readonly log: Logger;
  reload(): Promise<unknown>;
  stop(): Promise<void>;
}

/** A signal to end during the start waits for the start, but not for ever. */
const START_AT_MOST_MS = 10_000;

interface Receiver {
  reload(): void;
  end(signal: NodeJS.Signals): void;
}

/**
 * Signals that arrived before they could be handled. By default, a SIGHUP would end a process that is still starting: a
 * supervisor that writes a configuration, starts and reloads would kill the process that it has just started.
 */
const held: { reload: boolean; end: NodeJS.Signals | undefined; patience?: NodeJS.Timeout } = {
  reload: false,
  end: undefined,
};

let receiver: Receiver = {
  reload() {
    held.reload = true;
  },
  end(signal) {
    if (isImpatient(signal, held.end)) process.exit(1);
    held.end = signal;
    held.patience ??= setTimeout(() => process.exit(1), START_AT_MOST_MS).unref();
  },
};

/**
 * Must be called first, before anything that takes time. These listeners stay: a signal that arrives while the process
 * is busy waits in the event loop for its listener, and is lost if that listener is removed.
 */
export function holdSignals(): void {
  process.on('SIGTERM', (signal) => receiver.end(signal));
  process.on('SIGINT', (signal) => receiver.end(signal));
  // On Windows this signal means that the console window closes, and cannot be survived.
  if (process.platform !== 'win32') process.on('SIGHUP', () => receiver.reload());
}

/** A user who presses Ctrl-C twice wants to end at once; a supervisor that repeats a signal wants an orderly end. */
function isImpatient(signal: NodeJS.Signals, before: NodeJS.Signals | undefined): boolean {
  return signal === 'SIGINT' && before !== undefined;
}

/**
 * SIGHUP reloads, SIGTERM and SIGINT end the process in order. Repeated signals have no effect, except a second SIGINT,
 * which ends it at once. Held signals are handled now. Must be called after {@link holdSignals}.
 */
export function obeySignals({ log, reload, stop }: Lifecycle): void {
  let ending: NodeJS.Signals | undefined;
  const end = (signal: NodeJS.Signals): void => {
    if (isImpatient(signal, ending)) process.exit(1);
    if (ending !== undefined) {
      log.info('signal received; the process is ending already', { signal });
      return;
    }
    ending = signal;
    log.info('signal received', { signal });
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stopping failed', { error });
        process.exit(1);
      },
    );
  };
  receiver = { reload: () => void reload(), end };
  // Node would print the stack itself, without the redactor.
  process.on('uncaughtException', (error) => {
    log.error('internal error; the process ends', { error: describeError(error), stack: error.stack });
    process.exit(1);
  });
  clearTimeout(held.patience);
  if (held.end !== undefined) end(held.end);
  else if (held.reload) void reload();
}

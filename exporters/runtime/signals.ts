import type { Logger } from './log.js';
import { describeError } from './log.js';

export interface Lifecycle {
  readonly log: Logger;
  reload(): Promise<unknown>;
  stop(): Promise<void>;
}

/** An end that is asked for during the start waits for it, but not for ever. */
const START_AT_MOST_MS = 10_000;

interface Receiver {
  reload(): void;
  end(signal: NodeJS.Signals): void;
}

/**
 * What arrived while nobody could obey yet. Left to Node, a SIGHUP would end a process that is only starting: a
 * supervisor that writes a configuration, starts and reloads would kill what it has just started.
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
 * To be called first of all, before anything that takes time. These listeners stay: a signal that came while the process
 * was busy waits in the event loop for the listener of then, and is lost without a word when that one is taken away.
 */
export function holdSignals(): void {
  process.on('SIGTERM', (signal) => receiver.end(signal));
  process.on('SIGINT', (signal) => receiver.end(signal));
  // On Windows this signal means that the console window closes, and cannot be survived.
  if (process.platform !== 'win32') process.on('SIGHUP', () => receiver.reload());
}

/** A person who presses Ctrl-C twice wants the end now; a supervisor that asks again wants it in order. */
function isImpatient(signal: NodeJS.Signals, before: NodeJS.Signals | undefined): boolean {
  return signal === 'SIGINT' && before !== undefined;
}

/**
 * SIGHUP reloads, SIGTERM and SIGINT end the process in order. Asking again changes nothing, save for a second SIGINT,
 * which ends at once. What was held is obeyed now. To be called after {@link holdSignals}.
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
  // Node would print the stack itself, past the redactor.
  process.on('uncaughtException', (error) => {
    log.error('internal error; the process ends', { error: describeError(error), stack: error.stack });
    process.exit(1);
  });
  clearTimeout(held.patience);
  if (held.end !== undefined) end(held.end);
  else if (held.reload) void reload();
}

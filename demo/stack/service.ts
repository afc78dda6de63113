import type { Guard } from './guard.js';

/** One part of the local stack: started in turn, stopped in the opposite order. */
export interface Service<R extends Running = Running> {
  /** As options and JSON output know it, for example `prometheus`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  start(context: StackContext): Promise<R>;
}

export interface Running {
  /** URL, without a trailing slash. */
  readonly address: string;
  /** A word or two beside the address, such as a version. */
  readonly detail?: string;
  stop(): Promise<void>;
}

/** What every service gets; the same for all of them. */
export interface StackContext {
  /** Everything that this run writes. */
  readonly folder: string;
  /** Aborts when the stack is to end, also in the middle of a start. */
  readonly signal: AbortSignal;
  readonly guard: Guard;
  /** A program ended that nobody had asked to end. */
  readonly died: (death: Death) => void;
}

export interface Death {
  readonly title: string;
  /** `exit code 1`, `SIGKILL`. */
  readonly how: string;
  readonly lastLines: readonly string[];
  readonly logFile: string;
  readonly advice: string;
}

/** A service that did not come up; the message is for the reader and says what to do. */
export class ServiceFailed extends Error {
  override readonly name = 'ServiceFailed';
  readonly lastLines: readonly string[];

  constructor(message: string, lastLines: readonly string[] = []) {
    super(message);
    this.lastLines = lastLines;
  }

  /** Another program took the port between the check and the bind. */
  get isPortTaken(): boolean {
    return this.lastLines.some((line) => /address already in use|EADDRINUSE|only one usage of each socket/i.test(line));
  }
}

/** The reader asked to stop while something was starting. No message: nothing went wrong. */
export class StartAbandoned extends Error {
  override readonly name = 'StartAbandoned';
}

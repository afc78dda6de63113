import { inspect } from 'node:util';
import { Redactor } from './redactor.js';

export { Redactor };

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['logfmt', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

/** An `error` field may be any caught value. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(bindings: LogFields): Logger;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly redactor: Redactor;
  /** Receives each line with its newline; standard error unless given. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

export function createLogger(options: LogOptions): Logger {
  return new LineLogger(options, {});
}

/** Logs nothing; for tests and one-off uses. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

type Scalar = string | number | boolean | null;

class LineLogger implements Logger {
  readonly #options: LogOptions;
  readonly #bindings: LogFields;
  readonly #lowest: number;

  constructor(options: LogOptions, bindings: LogFields) {
    this.#options = options;
    this.#bindings = bindings;
    this.#lowest = logLevels.indexOf(options.level);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  child(bindings: LogFields): Logger {
    return new LineLogger(this.#options, { ...this.#bindings, ...bindings });
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (logLevels.indexOf(level) < this.#lowest) return;
    const { format, redactor, write = writeToStandardError, now = () => new Date() } = this.#options;
    const entries: [string, Scalar][] = [
      ['time', now().toISOString()],
      ['level', level],
      ['msg', redactor.redact(message)],
    ];
    for (const [key, value] of Object.entries({ ...this.#bindings, ...fields })) {
      if (value === undefined) continue;
      // Redacted before quoting, and the line again after it: quoting may change the form of a secret.
      const scalar = toScalar(value);
      entries.push([safeKey(key), typeof scalar === 'string' ? redactor.redact(scalar) : scalar]);
    }
    const line = format === 'json' ? JSON.stringify(Object.fromEntries(entries)) : entries.map(logfmtPair).join(' ');
    write(`${redactor.redact(line)}\n`);
  }
}

function writeToStandardError(line: string): void {
  process.stderr.write(line);
}

function toScalar(value: unknown): Scalar {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      if (value === null) return null;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
      if (value instanceof Error) return describeError(value);
      return onOneLine(value);
    default:
      return String(value);
  }
}

/** An error's message with those of its causes. Without the stack: the message must be sufficient for an operator. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : onOneLine(error);
  const own = error.message === '' ? error.name : error.message;
  const inner = error instanceof AggregateError ? error.errors : error.cause === undefined ? [] : [error.cause];
  const reasons = inner.map(describeError).filter((reason) => !own.includes(reason));
  return reasons.length === 0 ? own : `${own}: ${reasons.join('; ')}`;
}

/** Compact, so that strings are not split: the redactor would not find a secret in the pieces. */
function onOneLine(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY, compact: true });
}

/** A field must not replace the line's own `time`, `level` or `msg`. */
function safeKey(key: string): string {
  const safe = key.replace(/[^A-Za-z0-9_.-]/g, '_');
  return safe === 'time' || safe === 'level' || safe === 'msg' ? `${safe}_` : safe;
}

function logfmtPair([key, value]: [string, Scalar]): string {
  const text = String(value);
  return `${key}=${/^[^\s="\\\p{C}]+$/u.test(text) ? text : JSON.stringify(text)}`;
}

import { isUtf8 } from 'node:buffer';
import { inspect } from 'node:util';
import { readBounded, UnreadableFile } from '../reading/bounded-file.js';

const HIDDEN = '<secret>';
/** The longest are chains of certificates with their key. */
const MAX_FILE_BYTES = 256 * 1024;

/**
 * A value that may be a secret. A literal prints as itself; a reference (`${env:NAME}`, `${file:path}`) prints
 * as `<secret>` on every outlet: string conversion, JSON, and Node's inspect.
 *
 * References are read when the value is needed, not when the pack is loaded, so that a rotated file takes effect.
 */
export class SecretText {
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  static literal(text: string): SecretText {
    return new SecretText([{ kind: 'text', text }]);
  }

  /** The references themselves, never their values: used to pass a secret to another thread. */
  get parts(): readonly Part[] {
    return this.#parts;
  }

  get isSecret(): boolean {
    return this.#parts.some((part) => part.kind !== 'text');
  }

  /** The real value. @throws {SecretUnavailable} when the variable is unset or the file unreadable. */
  reveal(): string {
    return this.#parts.map(revealPart).join('');
  }

  toString(): string {
    return this.isSecret ? HIDDEN : this.reveal();
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A text that may contain references; most texts of a configuration may not. */
export type Text = string | SecretText;

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

/** The variables that must be set before a secret with these parts can be read. */
export function unsetVariables(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => (part.kind === 'env' && isUnset(part.name) ? [part.name] : []));
}

function isUnset(name: string): boolean {
  const value = process.env[name];
  return value === undefined || value === '';
}

export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable';
}

function revealPart(part: Part): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'env': {
      const value = process.env[part.name];
      if (value === undefined || value === '') {
        throw new SecretUnavailable(`environment variable ${part.name} is not set; set it and try again`);
      }
      return value;
    }
    case 'file':
      return revealFile(part.path);
  }
}

function revealFile(path: string): string {
  let bytes: Buffer;
  try {
    ({ bytes } = readBounded(path, MAX_FILE_BYTES));
  } catch (cause) {
    if (cause instanceof UnreadableFile && cause.cause === undefined) {
      throw new SecretUnavailable(`secret file ${path} ${cause.message}; expected ${cause.expected}`, { cause });
    }
    throw new SecretUnavailable(`secret file ${path} cannot be read; create it or fix its permissions`, { cause });
  }
  // A trailing newline is what `echo secret > file` leaves; it is never meant.
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '') throw new SecretUnavailable(`secret file ${path} is empty; write the secret into it`);
  if (text.trim() === '') {
    throw new SecretUnavailable(`secret file ${path} holds only blanks; expected a secret with other characters`);
  }
  if (!isUtf8(bytes)) throw new SecretUnavailable(`secret file ${path} is not UTF-8; expected text in UTF-8`);
  if (bytes.includes(0)) {
    throw new SecretUnavailable(`secret file ${path} contains a NUL byte; expected text without NUL bytes`);
  }
  return text;
}

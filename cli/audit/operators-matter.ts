import { DatabaseNotSeen } from '../../exporters/audit-trail/index.js';
import { UnreadableState } from '../../exporters/audit-trail/inspect/verify-state.js';
import { NoteError, SealRefused, SealUnavailable } from '../../exporters/audit-trail/seal/index.js';
import { CannotKeepState } from '../../exporters/runtime/state/index.js';
import { InvalidPack, SecretUnavailable } from '../../pack/index.js';
import { UnreadableFile } from '../../pack/reading/bounded-file.js';
import { StateUnclear } from '../exporter-state.js';
import { Interrupted } from '../interrupt.js';
import { CannotRun } from './trail.js';

/**
 * Runs a command and sets the exit code. An error that an operator can fix is printed as a sentence, with exit code 2. Any
 * other error is a fault of this program and is thrown on.
 */
export async function asVerb(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    const message = messageFor(error);
    if (message === undefined) throw error;
    process.stderr.write(`${message}\n`);
    process.exitCode = 2;
  }
}

/** What to tell the operator; undefined for a fault of the program. */
export function messageFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof InvalidPack) return error.message;
  const isOurs = [
    CannotRun,
    StateUnclear,
    CannotKeepState,
    UnreadableFile,
    DatabaseNotSeen,
    UnreadableState,
    SealRefused,
    SealUnavailable,
    NoteError,
    SecretUnavailable,
    Interrupted,
  ].some((kind) => error instanceof kind);
  if (isOurs) return `kop audit: ${error.message}`;
  return isOfTheWorld(error) ? `kop audit: ${reasonOf(error)}` : undefined;
}

/** From PostgreSQL, the network or the file system: all of these carry a code. */
function isOfTheWorld(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string') return !error.code.startsWith('ERR_');
  return error.message.startsWith('Connection terminated') || error.message.startsWith('timeout expired');
}

function reasonOf(error: Error): string {
  // A refused connection to several addresses has no message of its own.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join('; ');
  }
  return error.message;
}

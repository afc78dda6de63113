import { SecretUnavailable } from '../../../pack/index.js';
import { UnreadableFile } from '../../../pack/reading/bounded-file.js';
import { errorCode } from '../../runtime/error-code.js';
import { sqlState } from '../../runtime/postgres/failure.js';
import { UnprovenReplica } from '../../runtime/postgres/replica-proof.js';

/**
 * Why a query failed, as our own message. The server's messages may quote the value that caused the error, so none of
 * them ever leaves this file.
 */
export class ScanFailure extends Error {
  override readonly name = 'ScanFailure';
  readonly kind: ScanFailureKind;

  constructor(kind: ScanFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** `column`, `permission` and `state` need a person; the others may resolve by themselves. */
export type ScanFailureKind = 'connection' | 'permission' | 'column' | 'timeout' | 'busy' | 'state' | 'other';

const byState: readonly (readonly [prefix: string, kind: ScanFailureKind, message: string])[] = [
  ['42501', 'permission', 'the role may not read it; grant select on the column and its primary key'],
  ['42P01', 'column', 'the table does not exist'],
  ['3F000', 'column', 'the schema does not exist'],
  ['42703', 'column', 'a column does not exist'],
  ['42', 'column', 'the column is not what the configuration says'],
  ['57014', 'timeout', 'a query ran into its time limit; lower batchRows or raise statementTimeout'],
  ['55P03', 'busy', 'the table was locked for longer than the scanner waits'],
  ['40', 'busy', 'the replica cancelled the query, or a lock was in the way'],
  ['28', 'permission', 'the database refused the role or its password'],
  ['3D000', 'connection', 'the database does not exist'],
  ['53300', 'connection', 'the server has no connection left'],
  ['57P', 'connection', 'the server is shutting down or starting up'],
  ['08', 'connection', 'the connection to the database broke'],
  ['22', 'other', 'the server could not judge a value'],
];

export function scanFailureOf(error: unknown): ScanFailure {
  if (error instanceof ScanFailure) return error;
  // It names clusters, timelines and roles, and no value.
  if (error instanceof UnprovenReplica)
    return error.cause === undefined ? new ScanFailure('other', error.message) : scanFailureOf(error.cause);
  const state = sqlState(error);
  if (state === undefined) return withoutState(error);
  const known = byState.find(([prefix]) => state.startsWith(prefix));
  if (known !== undefined) return new ScanFailure(known[1], `${known[2]} (SQLSTATE ${state})`);
  return new ScanFailure('other', `the query failed (SQLSTATE ${state})`);
}

function withoutState(error: unknown): ScanFailure {
  const code = errorCode(error);
  // Their messages name the variable or the file, and contain no value.
  if (error instanceof SecretUnavailable || error instanceof UnreadableFile) {
    return new ScanFailure('connection', error.message);
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return new ScanFailure('other', 'stopped');
  const detail = code !== undefined && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? ` (${code})` : '';
  return new ScanFailure('connection', `the database cannot be reached${detail}`);
}

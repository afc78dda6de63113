import { describeError } from '../log.js';
import { UnprovenReplica } from './replica-proof.js';

export type FailureKind = 'connection' | 'privilege' | 'absent' | 'timeout' | 'cancelled' | 'busy' | 'other';

/** Why a query failed, as a message that tells an operator what to do. */
export interface Failure {
  readonly kind: FailureKind;
  readonly reason: string;
}

export function failureOf(error: unknown): Failure {
  const reason = describeError(error);
  if (error instanceof UnprovenReplica) return { kind: 'other', reason };
  const state = sqlState(error);
  if (state === undefined) return { kind: isAbort(error) ? 'cancelled' : 'connection', reason };
  // A statement is cancelled by our deadline or by the server's `statement_timeout`; only the message distinguishes
  // them.
  if (state === '57014' && !reason.includes('statement timeout')) return { kind: 'cancelled', reason };
  return { kind: kindOf(state), reason };
}

/** By SQLSTATE, or by its beginning; the first match applies. PostgreSQL's manual, appendix A. */
const kinds: readonly (readonly [state: string, kind: FailureKind])[] = [
  ['42501', 'privilege'],
  ['57014', 'timeout'],
  ['55P03', 'busy'],
  ['40', 'busy'],
  ['08', 'connection'],
  ['57P', 'connection'],
  ['28', 'connection'],
  ['3D000', 'connection'],
  ['53300', 'connection'],
  ['42', 'absent'],
];

export function kindOf(state: string): FailureKind {
  return kinds.find(([prefix]) => state.startsWith(prefix))?.[1] ?? 'other';
}

/** The SQLSTATE of the server; undefined for an error of the system or of the driver. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // Codes of the system, such as EPIPE and EPERM, have the same length.
  return typeof code === 'string' && /^(?!E[A-Z])[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

import { describeError } from '../../runtime/log.js';

export type FailureKind = 'connection' | 'privilege' | 'absent' | 'timeout' | 'cancelled' | 'busy' | 'other';

/** Why a look at the database failed, in words that an operator can act on. */
export interface Failure {
  readonly kind: FailureKind;
  readonly reason: string;
}

/**
 * SQLSTATE classes that mean the server is not there, or is about to be gone. `57014` is a cancelled statement, which
 * is either our deadline or the server's own `statement_timeout`; its message tells.
 */
export function failureOf(error: unknown): Failure {
  const code = sqlState(error);
  const reason = describeError(error);
  if (code === undefined) return { kind: isAbort(error) ? 'cancelled' : 'connection', reason };
  if (code === '42501') return { kind: 'privilege', reason };
  if (code === '57014') return { kind: reason.includes('statement timeout') ? 'timeout' : 'cancelled', reason };
  if (code === '55P03' || code.startsWith('40')) return { kind: 'busy', reason };
  if (code.startsWith('08') || code.startsWith('57P') || code.startsWith('28') || code === '3D000' || code === '53300')
    return { kind: 'connection', reason };
  if (code.startsWith('42')) return { kind: 'absent', reason };
  return { kind: 'other', reason };
}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && !error.code.startsWith('E') ? error.code : undefined;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

import type { EncryptionError } from '../../../pack/encryption/metrics.js';
import { errorCode } from '../../runtime/error-code.js';
import { sqlState } from '../../runtime/postgres/failure.js';
import { ProviderFailure, systemFault } from './failure.js';

/** By SQLSTATE, or by its class of two characters. */
const reasons: Readonly<Record<string, EncryptionError>> = {
  // pgcrypto's own: "Wrong key or corrupt data".
  '39000': 'integrity',
  '57014': 'timeout',
  '42501': 'auth',
  '28': 'auth',
  '53300': 'throttled',
  '53': 'unavailable',
  '08': 'unavailable',
  '57': 'unavailable',
  '58': 'unavailable',
  '3D': 'unavailable',
  '40': 'unavailable',
  '55': 'unavailable',
  '25': 'unavailable',
};

const explanations: Readonly<Record<string, string>> = {
  '39000': 'wrong key or corrupt data',
  '42883': 'there is no such function; is the extension pgcrypto installed, and is its schema usable?',
  '57014': 'cancelled after the time-out',
  '42501': 'permission denied',
};

/**
 * Only the code is used. The message of an error may contain the argument of a function, as with `raise exception '%',
 * plaintext`. An error that a function of the schema itself raises while decrypting counts as a refusal.
 */
export async function sqlFailure(
  error: unknown,
  operation: 'connect' | 'encrypt' | 'decrypt',
): Promise<ProviderFailure> {
  if (error instanceof ProviderFailure) return error;
  const code = sqlState(error);
  if (code === undefined) {
    const own = errorCode(error);
    const what = 'the connection to the database failed';
    return (
      (await systemFault(error, what)) ??
      new ProviderFailure('unavailable', own === undefined ? what : `${what} (${own})`)
    );
  }
  const meant = reasons[code] ?? reasons[code.slice(0, 2)];
  // While encrypting, data cannot be corrupt: this error then means an option that pgcrypto does not support.
  const known = meant === 'integrity' && operation !== 'decrypt' ? 'protocol' : meant;
  const raised = operation === 'decrypt' && /^(P0|22|38|39)/.test(code);
  const said = known === 'protocol' && meant === 'integrity' ? 'refused; see options' : explanations[code];
  return new ProviderFailure(
    known ?? (raised ? 'integrity' : 'protocol'),
    `${operation}: SQLSTATE ${code}${said === undefined ? '' : `, ${said}`}`,
  );
}

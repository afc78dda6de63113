import type { EncryptionError } from '../../../pack/encryption/metrics.js';
import { ExporterFault, ProviderFailure } from './failure.js';

const reasons: Readonly<Record<string, EncryptionError>> = {
  CKR_ENCRYPTED_DATA_INVALID: 'integrity',
  CKR_ENCRYPTED_DATA_LEN_RANGE: 'integrity',
  CKR_AEAD_DECRYPT_FAILED: 'integrity',
  CKR_SIGNATURE_INVALID: 'integrity',
  CKR_PIN_INCORRECT: 'auth',
  CKR_PIN_INVALID: 'auth',
  CKR_PIN_LEN_RANGE: 'auth',
  CKR_PIN_EXPIRED: 'auth',
  CKR_PIN_LOCKED: 'auth',
  CKR_USER_NOT_LOGGED_IN: 'auth',
  CKR_USER_PIN_NOT_INITIALIZED: 'auth',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'auth',
  // A key that was destroyed, or a handle from before the token was reset.
  CKR_KEY_HANDLE_INVALID: 'auth',
  CKR_OBJECT_HANDLE_INVALID: 'auth',
  CKR_DEVICE_ERROR: 'unavailable',
  CKR_DEVICE_MEMORY: 'unavailable',
  CKR_DEVICE_REMOVED: 'unavailable',
  CKR_TOKEN_NOT_PRESENT: 'unavailable',
  CKR_TOKEN_NOT_RECOGNIZED: 'unavailable',
  CKR_SLOT_ID_INVALID: 'unavailable',
  CKR_SESSION_CLOSED: 'unavailable',
  CKR_SESSION_HANDLE_INVALID: 'unavailable',
  CKR_CRYPTOKI_NOT_INITIALIZED: 'unavailable',
  CKR_SESSION_COUNT: 'throttled',
};

/**
 * Everything else is `protocol`, including CKR_GENERAL_ERROR, with which SoftHSM also reports a tampered tag: the code
 * has no clear meaning, so the self-test checks whether there was a plaintext, and not the code.
 */
export function pkcs11Failure(error: unknown): ProviderFailure {
  const code = pkcs11CodeOf(error);
  if (code === 'CKR_HOST_MEMORY') return new ExporterFault('internal', 'this machine has no memory left for the token');
  return new ProviderFailure(reasons[code] ?? 'protocol', `the token answered ${code}`);
}

/** Only the name of the code; the rest of an error's message is not used. */
export function pkcs11CodeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return /CKR_[A-Z0-9_]+/.exec(message)?.[0] ?? 'an error without a code';
}

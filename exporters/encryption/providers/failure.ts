import { SecretUnavailable } from '../../../pack/index.js';
import type { EncryptionError } from '../../../pack/metrics/encryption.js';

/**
 * Why a provider did not do what it was asked.
 *
 * The sentence is always ours: nothing that a server, a driver or a token wrote is repeated in it, and no `cause`
 * hangs behind it. A portal echoes what it was sent, a database function raises with its argument, and either would
 * carry a canary, a passphrase or a token into a log.
 */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly reason: EncryptionError;

  constructor(reason: EncryptionError, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** A test that this provider, or this account at it, does not allow to be made. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
}

/** Integrity and protocol are answers; these say that nobody could be asked. */
export function isAvailability(reason: EncryptionError): boolean {
  return reason === 'timeout' || reason === 'unavailable' || reason === 'throttled';
}

/** What an unexpected error is called: its kind, never its message. */
export function asFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  // It names the variable or the file, and has no value to tell.
  if (error instanceof SecretUnavailable) return new ProviderFailure('auth', error.message);
  const kind = error instanceof Error ? error.name : typeof error;
  return new ProviderFailure('protocol', `unexpected ${kind} in the provider`);
}

import { z } from 'zod';
import type { EncryptionError } from '../../../pack/encryption/metrics.js';
import { ProviderFailure } from './failure.js';

const shape = z.looseObject({ errors: z.array(z.string()) });

/** Messages of Vault and OpenBao, their meaning, and our message. Only our own text is passed on. */
const known: readonly (readonly [said: string, reason: EncryptionError, ours: string])[] = [
  ['message authentication failed', 'integrity', 'message authentication failed'],
  ['invalid ciphertext', 'integrity', 'not a ciphertext of this key'],
  ['no such key version', 'auth', 'there is no such key version any more'],
  ['(too old)', 'auth', 'this key version is disallowed by min_decryption_version'],
  ['less than the minimum encryption key version', 'auth', 'this key version is disallowed by min_encryption_version'],
  ['encryption key not found', 'protocol', 'there is no such key; make a canary key of that name'],
  ['key has been soft deleted', 'auth', 'the key is deleted'],
  ['no handler for route', 'protocol', 'nothing is mounted there; see mount and namespace'],
  ['route entry not found', 'protocol', 'nothing is mounted there; see mount and namespace'],
  ['namespace not found', 'protocol', 'there is no such namespace'],
  ['context', 'protocol', 'the key is derived and the context was not taken'],
];

const byStatus: Readonly<Record<number, readonly [EncryptionError, string]>> = {
  401: ['auth', 'unauthorised'],
  403: ['auth', 'permission denied: the token has expired, was revoked, or its policy does not allow this'],
  404: ['protocol', 'nothing is there; see mount, key and namespace'],
  412: ['unavailable', 'this node has not seen the newest state yet'],
  429: ['throttled', 'too many requests: a rate limit quota'],
  472: ['unavailable', 'this node is a disaster-recovery standby'],
  473: ['unavailable', 'this node is a performance standby'],
  501: ['unavailable', 'the server is not initialised'],
};

export function transitFailure(status: number, body: unknown): ProviderFailure {
  const errors = shape.safeParse(body).data?.errors.join('; ').toLowerCase() ?? '';
  if (status === 503 && errors.includes('sealed')) return new ProviderFailure('unavailable', 'status 503: sealed');
  const meant = status === 403 ? undefined : known.find(([said]) => errors.includes(said));
  if (meant !== undefined) return new ProviderFailure(meant[1], `status ${status}: ${meant[2]}`);
  const [reason, ours] =
    byStatus[status] ?? (status >= 500 ? ['unavailable', 'server error'] : ['protocol', 'refused']);
  return new ProviderFailure(reason, `status ${status}: ${ours}`);
}

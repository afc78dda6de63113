import { z } from 'zod';
import type { TransitProvider } from '../../../pack/encryption/model.js';
import { revealer } from '../../runtime/portal/auth/credentials.js';
import type { Redactor } from '../../runtime/redactor.js';
import { JsonExchange } from '../providers/exchange.js';
import { ProviderFailure } from '../providers/failure.js';
import { serverOf } from '../providers/transit.js';
import { transitFailure } from '../providers/transit-failure.js';
import type { KeyKnowledge } from './versions.js';

/** When a version was created: in seconds for a symmetric key, as a time for others. */
const made = z.union([z.number(), z.object({ creation_time: z.iso.datetime({ offset: true }) })]);
const keyAnswer = z.object({
  data: z.object({
    latest_version: z.int().positive(),
    keys: z.record(z.string(), made),
    /** Older versions are refused; they can be used again when it is lowered. */
    min_decryption_version: z.int().nonnegative().default(0),
    /** Older versions were trimmed, which cannot be undone. */
    min_available_version: z.int().nonnegative().default(0),
  }),
});

/**
 * The newest version of a key of Vault's or OpenBao's transit engine, its age, and the oldest version that it still
 * decrypts. The key encrypts real data, so its metadata is read and it is never used: this needs only `read` on
 * `keys/NAME`.
 *
 * @throws {ProviderFailure}
 */
export async function readProviderKey(
  provider: TransitProvider,
  name: string,
  redactor: Redactor,
  signal: AbortSignal,
): Promise<KeyKnowledge> {
  const exchange = new JsonExchange(serverOf(provider));
  try {
    const path = `/v1/${provider.mount}/keys/${encodeURIComponent(name)}`;
    const headers = {
      'x-vault-token': revealer(redactor)(provider.token),
      'x-vault-request': 'true',
      ...(provider.namespace === undefined ? {} : { 'x-vault-namespace': provider.namespace }),
    };
    const { status, body } = await exchange.send('GET', path, headers, undefined, signal);
    if (status === 404) throw new ProviderFailure('protocol', `status 404: no key '${name}' in ${provider.mount}`);
    if (status === 403) {
      throw new ProviderFailure('auth', `status 403: the token may not read ${provider.mount}/keys/${name}`);
    }
    if (status !== 200) throw transitFailure(status, body);
    const read = keyAnswer.safeParse(body);
    if (!read.success) throw new ProviderFailure('protocol', 'this does not answer as a transit engine does');
    const { latest_version: newest, keys, min_decryption_version, min_available_version } = read.data.data;
    const latest = String(newest);
    const at = keys[latest];
    if (at === undefined) throw new ProviderFailure('protocol', `the age of version ${latest} is not told`);
    return {
      latest,
      earliest: String(Math.max(1, min_decryption_version, min_available_version)),
      rotatedAtSeconds: typeof at === 'number' ? at : Date.parse(at.creation_time) / 1000,
    };
  } finally {
    exchange.close();
  }
}

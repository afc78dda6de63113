import { join } from 'node:path';
import type { EncryptionProvider } from '../../../pack/encryption/model.js';
import type { Portal } from '../../../pack/index.js';
import { revealer } from '../../runtime/portal/auth/credentials.js';
import type { Redactor } from '../../runtime/redactor.js';
import { PinGuard } from './pin-guard.js';
import type { Provider } from './provider.js';

export interface ProviderTools {
  readonly portal: Portal;
  readonly timeoutMs: number;
  readonly redactor: Redactor;
  readonly stopping: AbortSignal;
  /** State folder for all providers; absent if nothing is stored. */
  readonly stateFolder?: string;
}

/** The module of each kind, with its library, is loaded only if such a provider is described. */
export async function makeProvider(description: EncryptionProvider, tools: ProviderTools): Promise<Provider> {
  const reveal = revealer(tools.redactor);
  switch (description.kind) {
    case 'local':
      return new (await import('./local.js')).LocalCipher();
    case 'pkcs11':
      return new (await import('./pkcs11.js')).Pkcs11Cipher(description, reveal, pinGuardIn(tools));
    case 'pgcrypto':
      return new (await import('./pgcrypto.js')).DatabaseFunctionsProvider(description, reveal, tools.timeoutMs);
    case 'transit':
      return new (await import('./transit.js')).TransitCipher(description, reveal);
    case 'kms':
      return new (await import('./kms.js')).KmsCipher(description, reveal);
    case 'endpoint':
      return new (await import('./endpoint.js')).EndpointCipher(
        description,
        tools.portal,
        tools.redactor,
        tools.stopping,
      );
  }
}

function pinGuardIn({ stateFolder, timeoutMs }: ProviderTools): PinGuard {
  return new PinGuard(stateFolder === undefined ? undefined : join(stateFolder, 'refused-pins'), timeoutMs / 2);
}

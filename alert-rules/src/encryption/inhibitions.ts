import type { Pack } from '../../../pack/index.js';
import { burnFamily, type Inhibition, named } from '../inhibition.js';

export function encryptionInhibitions(pack: Pack): readonly Inhibition[] {
  return [
    ...burnFamily(pack, 'EncryptionLatencyBurn', 'provider'),
    // A provider that cannot be used misses its SLA as well.
    {
      source_matchers: named('EncryptionProviderDown'),
      target_matchers: named('EncryptionLatencyBurn'),
      equal: ['portal', 'provider'],
    },
  ];
}

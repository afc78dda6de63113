import type { Pack } from '../../../pack/index.js';
import { alertMatchers, burnFamily, type Inhibition } from '../inhibition.js';

export function encryptionInhibitions(pack: Pack): readonly Inhibition[] {
  return [
    ...burnFamily(pack, 'EncryptionLatencyBurn', 'provider'),
    // A provider that cannot be used misses its SLA as well.
    {
      source_matchers: alertMatchers('EncryptionProviderDown'),
      target_matchers: alertMatchers('EncryptionLatencyBurn'),
      equal: ['portal', 'provider'],
    },
  ];
}

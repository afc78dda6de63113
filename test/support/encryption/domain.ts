import type { ProbeJob } from '../../../exporters/encryption/probe/plan.js';
import type { EncryptionProvider, FieldEncryption } from '../../../pack/encryption/model.js';
import type { Portal } from '../../../pack/index.js';
import { portal } from '../workflow/domain.js';

export { literal, secret } from '../workflow/domain.js';

/** One provider, measured every second, few samples; a test says what matters to it. */
export function probeJob(
  provider: EncryptionProvider,
  over: Omit<Partial<ProbeJob>, 'probe'> & { readonly probe?: Partial<ProbeJob['probe']> } = {},
): ProbeJob {
  return {
    portal: portal('http://127.0.0.1:1'),
    provider,
    slaSeconds: provider.slaSeconds ?? 0.01,
    title: 'Field encryption',
    team: 'security',
    ...over,
    probe: { intervalMs: 1000, timeoutMs: 2000, samples: 5, sizesBytes: [16, 256], ...over.probe },
  };
}

export function fieldEncryption(
  providers: readonly EncryptionProvider[],
  over: Partial<FieldEncryption> = {},
): FieldEncryption {
  return {
    name: 'fields',
    portal: 'kingston',
    title: 'Field encryption',
    team: 'security',
    slaSeconds: 0.01,
    objective: 'responsive',
    probe: { intervalMs: 1000, timeoutMs: 2000, samples: 5, sizesBytes: [16, 256] },
    providers,
    keys: [],
    timings: [],
    ...over,
  };
}

export function somePortal(baseUrl: string, over: Partial<Portal> = {}): Portal {
  return portal(baseUrl, over);
}

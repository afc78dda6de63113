import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { EncryptionProbe, EncryptionProvider } from '../../../pack/encryption/model.js';
import type { Pack, Portal } from '../../../pack/index.js';
import { encodeWithSecrets } from '../../runtime/measuring/transfer.js';

/** One provider of one portal: what a measuring thread works on. */
export interface ProbeJob {
  readonly portal: Portal;
  readonly provider: EncryptionProvider;
  readonly probe: EncryptionProbe;
  readonly slaSeconds: number;
  readonly title: string;
  readonly team: string;
  readonly objectiveRatio?: number;
  /** Where its aged canaries are stored; absent if nothing can be stored. */
  readonly canaryFile?: string;
  /** Whether new ones are added; only the exporter does. Default true. */
  readonly keepsCanaries?: boolean;
}

/** The name by which a job is scheduled. */
export function probeJobName({ portal, provider }: Pick<ProbeJob, 'portal' | 'provider'>): string {
  return `${provider.name}@${portal.name}`;
}

export function probeJobsOf(pack: Pick<Pack, 'portals' | 'encryption' | 'objectives'>): ProbeJob[] {
  const portals = new Map(pack.portals.map((portal) => [portal.name, portal]));
  const objectives = new Map(pack.objectives.map((objective) => [objective.name, objective.targetRatio]));
  return pack.encryption.flatMap(({ portal: name, providers, probe, slaSeconds, title, team, objective }) => {
    const portal = portals.get(name);
    if (portal === undefined) return [];
    const objectiveRatio = objectives.get(objective);
    return providers.map((provider) => ({
      portal,
      provider,
      probe,
      slaSeconds: provider.slaSeconds ?? slaSeconds,
      title,
      team,
      ...(objectiveRatio === undefined ? {} : { objectiveRatio }),
    }));
  });
}

/**
 * The file of a provider's aged canaries. Its name depends on the key and not on the address, so that a key service
 * that was moved without its keys is detected.
 */
export function canaryFileOf(folder: string, job: Pick<ProbeJob, 'portal' | 'provider'>): string {
  const { provider } = job;
  const meant = createHash('sha256')
    .update(JSON.stringify([provider.kind, ...keyNames(provider)]))
    .digest('hex');
  const name = probeJobName(job)
    .replace(/[^A-Za-z0-9@._-]/g, '_')
    .slice(0, 100);
  return join(folder, `canaries-${name}-${meant.slice(0, 8)}.json`);
}

function keyNames(provider: EncryptionProvider): readonly string[] {
  switch (provider.kind) {
    case 'pkcs11':
      return [provider.tokenLabel, provider.keyLabel];
    case 'transit':
      return [provider.namespace ?? '', provider.mount, provider.key];
    case 'kms':
      return [provider.keyId];
    case 'pgcrypto':
      return provider.functions === undefined ? [] : [provider.functions.encrypt, provider.functions.decrypt];
    // Neither has a name for its key.
    case 'local':
    case 'endpoint':
      return [];
  }
}

export function encodeJob(job: ProbeJob): string {
  return encodeWithSecrets(job);
}

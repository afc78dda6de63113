import type { EncryptionProbe, EncryptionProvider, Pack, Portal } from '../../../pack/index.js';
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
}

/** The name by which a job is scheduled. */
export function jobName({ portal, provider }: Pick<ProbeJob, 'portal' | 'provider'>): string {
  return `${provider.name}@${portal.name}`;
}

export function jobsOf(pack: Pick<Pack, 'portals' | 'encryption' | 'objectives'>): ProbeJob[] {
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

export function encodeJob(job: ProbeJob): string {
  return encodeWithSecrets(job);
}

import { stringify } from 'yaml';
import type { Pack } from '../../pack/index.js';

export interface OverlayOptions {
  readonly portalUrl: string;
  readonly pathStyle: 'underscore' | 'kebab';
  /** Run each workflow this often, if its SLA lets it. */
  readonly probeSeconds?: number;
  readonly grafanaUrl?: string;
}

const AT_ONCE = 4;

/** What the demo adds to the shipped description: the address of the stand-in portal, and shorter intervals. */
export function overlayText(pack: Pack, options: OverlayOptions): string {
  const { portalUrl, pathStyle, probeSeconds, grafanaUrl } = options;
  const portal = {
    baseUrl: portalUrl,
    pathStyle,
    network: { proxy: 'none' },
    // Self-signed, and another one whenever its end is moved.
    ...(portalUrl.startsWith('https:') ? { tls: { insecureSkipVerify: true } } : {}),
    ...(probeSeconds === undefined ? {} : { limits: { maxInFlight: AT_ONCE } }),
  };
  const overlay = {
    portals: Object.fromEntries(pack.portals.map(({ name }) => [name, portal])),
    ...(probeSeconds === undefined ? {} : { workflows: schedules(pack, probeSeconds) }),
    ...(grafanaUrl === undefined ? {} : { alerting: { dashboardBaseUrl: grafanaUrl } }),
  };
  return `# Written by kop demo; merged over pack.yaml.\n${stringify(overlay)}`;
}

function schedules(pack: Pack, probeSeconds: number) {
  return Object.fromEntries(
    pack.workflows.map(({ name, slaSeconds }) => {
      // A run may use its whole SLA, and the next one must not begin before.
      const seconds = Math.max(probeSeconds, Math.ceil(slaSeconds) + 1);
      return [name, { schedule: { interval: `${seconds}s` } }];
    }),
  );
}

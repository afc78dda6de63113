import type { Pack } from '../../pack/index.js';
import { dashboardDomains } from './domains.js';
import type { Dashboard } from './kit/types.js';
import { overview } from './overview/overview.js';
import { dashboardProvider, datasourceExample } from './provisioning.js';

export type { Dashboard, PlacedPanel, QueryTarget } from './kit/types.js';

export function dashboards(pack: Pack): readonly Dashboard[] {
  return [
    overview(dashboardDomains.map((domain) => domain.overview())),
    ...dashboardDomains.map(({ dashboard }) => dashboard(pack)),
  ];
}

/** Everything below `dashboards/` that people take; `path` is relative to the output directory. */
export function dashboardFiles(pack: Pack): readonly { readonly path: string; readonly text: string }[] {
  return [
    ...dashboards(pack).map((dashboard) => ({
      path: `dashboards/json/${dashboard.uid}.json`,
      text: `${JSON.stringify(dashboard, undefined, 2)}\n`,
    })),
    { path: 'dashboards/provisioning/dashboards.yaml', text: dashboardProvider },
    { path: 'dashboards/provisioning/datasources.yaml', text: datasourceExample },
  ];
}

import type { Pack } from '../../pack/index.js';
import type { Dashboard } from './kit/types.js';
import type { OverviewPart } from './overview/part.js';

/** What a domain has to show. */
export interface DashboardDomain {
  readonly dashboard: (pack: Pack) => Dashboard;
  readonly overview: () => OverviewPart;
}

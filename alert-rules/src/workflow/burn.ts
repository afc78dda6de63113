import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { workflowRecorded as r } from '../../../pack/workflow/recorded.js';
import { burning, goesOn } from '../burn.js';
import { alertRule } from '../policy.js';
import type { AlertRule } from '../rule.js';
import { workflowDashboardPath } from './dashboards.js';
import { withOwner } from './presence.js';

/** One name for the family, told apart by `window`, so that grouping and inhibition see that they belong together. */
export function workflowBurnAlerts(pack: Pack): readonly AlertRule[] {
  return pack.alerting.burn.map((burn) =>
    alertRule(pack, {
      name: 'WorkflowSlaBurn',
      priority: burn.priority,
      labels: { window: burn.name },
      expr: withOwner(burning(pack, burn, r)),
      summary: 'A workflow misses its SLA so often that its error budget will not last.',
      description:
        '{{ $value | humanizePercentage }} of the runs of {{ $labels.workflow }} on {{ $labels.portal }} missed their SLA in the ' +
        `last ${windowOf(burn.longSeconds)}. ${goesOn(burn)}`,
      dashboard: workflowDashboardPath,
    }),
  );
}

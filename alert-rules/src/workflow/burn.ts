import { workflowRecorded as r, windowOf } from '../../../pack/metrics/index.js';
import type { BurnWindow, Pack } from '../../../pack/model.js';
import { alertRule } from '../policy.js';
import { atLeast, plain, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { withOwner } from './presence.js';

/** One name for the family, told apart by `window`, so that grouping and inhibition see that they belong together. */
export function burnAlerts(pack: Pack): readonly AlertRule[] {
  return pack.alerting.burn.map((burn) => burnAlert(pack, burn));
}

function burnAlert(pack: Pack, burn: BurnWindow): AlertRule {
  const short = windowOf(burn.shortSeconds);
  const long = windowOf(burn.longSeconds);
  const factor = plain(burn.factor);
  return alertRule(pack, {
    name: 'WorkflowSlaBurn',
    priority: burn.priority,
    labels: { window: burn.name },
    // The long window comes first because its ratio is the alert's value; the short one makes the alert end soon
    // after the trouble does.
    expr: withOwner(promql`
      ${r.errorRatio(long).name} > ${factor} * ${r.errorBudget.name}
      and
      ${r.errorRatio(short).name} > ${factor} * ${r.errorBudget.name}
      and
      ${r.missed(long).name} ${atLeast(pack.alerting.minimumMissedRuns)}
    `),
    summary: 'A workflow misses its SLA so often that its error budget will not last.',
    description:
      `{{ $value | humanizePercentage }} of the runs of {{ $labels.workflow }} on {{ $labels.portal }} missed their SLA in the ` +
      `last ${long}. It goes on: over the last ${long} as over the last ${short}, the error budget is used up ` +
      `${burn.factor === 1 ? 'faster than' : `more than ${factor} times as fast as`} it is given.`,
    dashboard: 'workflow',
  });
}

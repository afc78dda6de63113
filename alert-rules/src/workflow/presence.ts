/** Which workflows there are, whose they are, and when each was last run. */

import type { Pack } from '../../../pack/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { workflowRecorded as r } from '../../../pack/workflow/recorded.js';
import { memberIdentity, remembered, since } from '../presence.js';
import { plainNumber, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { workflowSettings } from './settings.js';

const ofWorkflow = 'by (portal, workflow)';

export function workflowPresenceRecordings(): readonly RecordingRule[] {
  const counts = `max ${ofWorkflow} (${m.slaTarget.name}) > bool 0`;
  return [
    remembered(r.lastSeen, m.info.name),
    {
      record: r.identity,
      expr: memberIdentity('portal, workflow', 'title, team, tier', m.info.name, r.lastSeen, counts),
    },
    {
      record: r.lastActivity,
      expr: promql`
        max ${ofWorkflow} (
          ${since(m.lastRun.name)}
        )
      `,
    },
  ];
}

/** Seconds after which a workflow that has not run counts as standing still: three intervals, but never hastily. */
export function patience(pack: Pack): string {
  const slowest = `${workflowSettings.stalledIntervals} * max ${ofWorkflow} (${m.scheduleInterval.name})`;
  return `clamp_min(${slowest}, ${plainNumber(pack.alerting.stalledForSeconds)})`;
}

/** Multiplying by an identity of 1 leaves the value and adds the owner. */
export function withOwner(expr: string): string {
  return promql`
    (
      ${expr}
    )
    * on (portal, workflow) group_left (team, tier)
    ${r.identity.name}
  `;
}

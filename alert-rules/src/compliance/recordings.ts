import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { memberIdentity, remembered } from '../presence.js';
import { promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { settings } from '../settings.js';
import { ofControl, ofPortal } from './owner.js';

const memory = windowOf(settings.memorySeconds);

export function complianceRecordings(): readonly RecordingRule[] {
  return [
    remembered(r.lastSeen, m.board.name),
    {
      record: r.identity,
      expr: memberIdentity(
        'portal',
        'board, title, team',
        m.board.name,
        r.lastSeen,
        `max ${ofPortal} (${m.evidenceKept.name}) >= bool 0`,
      ),
    },
    { record: r.controlLastSeen, expr: controlLastSeen() },
    { record: r.controlIdentity, expr: controlIdentity() },
    { record: r.controlState, expr: controlState() },
  ];
}

const scraped = (labels: string) => promql`
  max by (${labels}) (
    label_replace(timestamp(${m.info.name}), "team", "$1", "owner", "(.+)")
  )
`;

/** A control that vanishes while its exporter is up was taken out of the catalogue, and is forgotten at once. */
function controlLastSeen(): string {
  const { name, labels } = r.controlLastSeen;
  return promql`
    ${scraped(labels.join(', '))}
    or
    (last_over_time(${name}[${memory}]) and on (job, instance) (up == 0))
  `;
}

/** The newest title and team, because a join accepts only one; of nobody where relabelling drops them. */
function controlIdentity(): string {
  const labels = r.controlIdentity.labels.join(', ');
  return promql`
    (
      topk ${ofControl} (
        1,
        ${scraped(labels)}
        or
        max by (${labels}) (${r.controlLastSeen.name})
      ) > bool 0
    )
    or on (portal, control)
    label_replace(max by (portal, control, area) (${m.status.name}) >= bool 0, "team", "unassigned", "", "")
  `;
}

/** `or` takes the first that applies, worst first. A control that is gone from a catalogue has no state. */
function controlState(): string {
  const { nonCompliant, unknown, atRisk, waived, compliant, notApplicable } = controlStates;
  const is = (status: string) => `(max ${ofControl} (${m.status.name}{status="${status}"}) == 1)`;
  const isShown = `max ${ofControl} (${m.status.name})`;
  const isKnown = `max ${ofControl} (${r.controlIdentity.name})`;
  return promql`
    ${nonCompliant} * (
      ${is('non_compliant')}
      or
      ((last_over_time(${r.controlState.name}[${memory}]) == bool ${nonCompliant} == 1) and ${isKnown} unless ${isShown})
    )
    or
    ${unknown} * (${is('unknown')} or (${isKnown} unless ${isShown}))
    or
    ${atRisk} * ${is('at_risk')}
    or
    ${waived} * ${is('waived')}
    or
    ${compliant} * ${is('compliant')}
    or
    ${notApplicable} * ${is('not_applicable')}
  `;
}

/** What people keep: waivers, registers of cases, and published changes of the rules. */
import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';
import { boardAlert, ofControl } from './owner.js';
import { complianceSettings } from './settings.js';

export function registerAlerts(pack: Pack): readonly AlertRule[] {
  return [
    waiverExpiring(pack, 'medium'),
    waiverExpiring(pack, 'low'),
    waiverExpired(pack),
    obligationOverdue(pack),
    obligationDue(pack),
    registerUnreadable(pack),
    changeNotAssessed(pack),
    changeNotReady(pack),
    changeControlNotMet(pack),
  ];
}

/** Of the newest waiver of a control: one that was renewed has a later one. */
const left = `(max ${ofControl} (${m.waiverExpiry.name}) - time())`;

function waiverExpiring(pack: Pack, priority: 'medium' | 'low'): AlertRule {
  const { soonSeconds, nextSeconds } = complianceSettings.waiver;
  const range =
    priority === 'medium' ? `(${left} < ${nextSeconds}) > 0` : `(${left} < ${soonSeconds}) > ${nextSeconds}`;
  return boardAlert(pack, {
    name: 'ComplianceWaiverExpiring',
    priority,
    expr: range,
    summary: 'A waiver of a compliance control ends soon, and there is no later one.',
    description:
      'The waiver of {{ $labels.control }} of {{ $labels.portal }} ends in {{ $value | humanizeDuration }}. From then on the control ' +
      'is what its checks say.',
  });
}

function waiverExpired(pack: Pack): AlertRule {
  const { newsSeconds } = complianceSettings.waiver;
  return boardAlert(pack, {
    name: 'ComplianceWaiverExpired',
    priority: 'low',
    expr: `(-1 * ${left} < ${newsSeconds}) > 0`,
    summary: 'A waiver of a compliance control has ended.',
    description:
      'The waiver of {{ $labels.control }} of {{ $labels.portal }} ended {{ $value | humanizeDuration }} ago. The control is what its ' +
      'checks say.',
  });
}

const memory = windowOf(settings.memorySeconds);

/** Of obligations that a control checks, the control tells. One of a target that is down has not been removed. */
const unchecked = promql`
  (
    ${m.obligation.name}{control=""}
    or
    (last_over_time(${m.obligation.name}{control=""}[${memory}]) and on (job, instance) (up == 0))
  )
`;

/** A register of which only controls ask that do not apply, or not yet, need not be there. */
const wanted = promql`
  (
    ${m.obligation.name}{control=""}
    or
    (${m.obligation.name} and on (portal, control) (${r.controlState.name} > ${controlStates.notApplicable}))
  )
`;

function obligationOverdue(pack: Pack): AlertRule {
  return boardAlert(pack, {
    name: 'ComplianceObligationOverdue',
    priority: 'medium',
    // As last known: a register that cannot be read now has no fewer cases. What lasts is told of the register.
    expr: promql`
      max by (portal, obligation) (last_over_time(${m.obligationsOpen.name}{bucket="overdue"}[${memory}])) > 0
      and on (portal, obligation) ${unchecked}
    `,
    summary: 'A case is open after its deadline.',
    description:
      '{{ $value | humanize }} cases of {{ $labels.obligation }} of {{ $labels.portal }} are open after their deadline.',
  });
}

function obligationDue(pack: Pack): AlertRule {
  return boardAlert(pack, {
    name: 'ComplianceObligationDue',
    priority: 'medium',
    expr: promql`
      max by (portal, obligation) (${m.obligationsOpen.name}{bucket="<24h"}) > 0
      and on (portal, obligation) ${wanted}
    `,
    summary: 'The deadline of a case is less than a day away.',
    description:
      '{{ $value | humanize }} cases of {{ $labels.obligation }} of {{ $labels.portal }} are due within a day.',
  });
}

const unreadable = promql`
  max by (portal, obligation) (${m.registerReadable.name}) == 0
  or
  max by (portal, obligation) (${m.obligationsOpen.name}{bucket="uncertain"}) > 0
`;

/** Controls that check an obligation whose register cannot be read in whole. */
export const registerTold = promql`
  (
    max by (portal, obligation, control) (${m.obligation.name}{control!=""})
    and on (portal, obligation) (
      ${unreadable}
    )
  )
`;

function registerUnreadable(pack: Pack): AlertRule {
  return boardAlert(pack, {
    name: 'ComplianceRegisterUnreadable',
    priority: 'medium',
    forSeconds: complianceSettings.register.forSeconds,
    expr: promql`
      (
        ${unreadable}
      )
      and on (portal, obligation) ${wanted}
    `,
    summary: 'A register of cases cannot be read in whole, or the deadline of a case is uncertain.',
    description:
      'Of {{ $labels.obligation }} of {{ $labels.portal }} nobody can tell whether all cases are in time. The board says which row or ' +
      'which day is in the way.',
  });
}

function changeNotAssessed(pack: Pack): AlertRule {
  return boardAlert(pack, {
    name: 'ComplianceChangeNotAssessed',
    priority: 'low',
    expr: `max by (portal, change, impact) (${m.changeEffective.name}{status="not_assessed"}) >= bool 0`,
    summary: 'A published change of the rules has not been assessed.',
    description:
      'Nobody has assessed what {{ $labels.change }} (impact {{ $labels.impact }}) means for {{ $labels.portal }}.',
  });
}

/** Also after it took effect, until somebody has marked it. */
function changeNotReady(pack: Pack): AlertRule {
  const { soonSeconds } = complianceSettings.change;
  return boardAlert(pack, {
    name: 'ComplianceChangeNotReady',
    priority: 'medium',
    expr: promql`
      (max by (portal, change, impact) (${m.changeEffective.name}{status!~"ready|not_relevant"}) > 0) - time()
      < ${soonSeconds}
    `,
    summary: 'A change of the rules takes effect soon or has taken effect, and the firm is not ready.',
    description:
      '{{ $labels.change }} (impact {{ $labels.impact }}) of {{ $labels.portal }} takes effect in {{ $value | humanizeDuration }}; below ' +
      'zero it has. It is not marked as ready.',
  });
}

/** Until its day: from then on the controls tell by themselves. A change that is not marked as ready is told already. */
function changeControlNotMet(pack: Pack): AlertRule {
  const { soonSeconds, forSeconds } = complianceSettings.change;
  return boardAlert(pack, {
    name: 'ComplianceChangeControlNotMet',
    priority: 'medium',
    forSeconds,
    expr: promql`
      count by (portal, change) (
        max by (portal, change, control) (${m.changeControl.name})
        and on (portal, control) (
          ${r.controlState.name} >= ${controlStates.unknown}
          or
          max ${ofControl} (${m.comingReady.name}) == 0
        )
      )
      * on (portal, change) group_right ()
      (
        (
          (max by (portal, change, impact) (${m.changeEffective.name}{status="ready"}) > time())
          < time() + ${soonSeconds}
        )
        > bool 0
      )
    `,
    summary: 'A change of the rules is marked as ready and takes effect soon, and a control that it names is not met.',
    description:
      '{{ $value | humanize }} controls that {{ $labels.change }} (impact {{ $labels.impact }}) of {{ $labels.portal }} names are not met ' +
      'or not known, and it takes effect within a month.',
  });
}

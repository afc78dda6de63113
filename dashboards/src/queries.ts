/** PromQL that several panels share. Metrics are named through the contract only. */
import { foreignSeries } from '../../pack/metrics/foreign.js';
import {
  auditTableCodes,
  auditTrailStates,
  columnStates,
  providerStates,
  workflowRecorded as r,
  workflowStates,
} from '../../pack/metrics/index.js';
import { colours, words } from './kit/fields.js';

export const { alerts, cpu, eventLoopLag, memory, up } = foreignSeries;

/** Alerts of this pack that fire now. */
export function firing(matchers = ''): string {
  return `${alerts.name}{pack="kop", alertstate="firing"${matchers}}`;
}

/** True only while the rules are being evaluated: without it a silent Prometheus would look like peace. */
export const rulesAreEvaluated = `count(${firing(', alertname="KopWatchdog"')})`;

/** A count that says 0 when there is none, but nothing when nobody could know. */
export function countOrNone(expr: string, known: string): string {
  return `count(${expr}) or 0 * ${known}`;
}

export const workflowStateWords = words(
  [
    { value: workflowStates.met, text: 'Met', color: colours.good },
    { value: workflowStates.atRisk, text: 'At risk', color: colours.warning },
    { value: workflowStates.notKnown, text: 'Not known', color: colours.unknown },
    { value: workflowStates.noData, text: 'No data', color: colours.unknown },
    { value: workflowStates.broken, text: 'Broken', color: colours.bad },
  ],
  'No data',
);

export const providerStateWords = words(
  [
    { value: providerStates.met, text: 'Met', color: colours.good },
    { value: providerStates.atRisk, text: 'At risk', color: colours.warning },
    { value: providerStates.noData, text: 'No data', color: colours.unknown },
    { value: providerStates.broken, text: 'Broken', color: colours.bad },
  ],
  'No data',
);

export function inState(state: keyof typeof workflowStates, selector = ''): string {
  return `${r.state.name}${selector} == ${workflowStates[state]}`;
}

export const auditTableWords = words(
  [
    { value: auditTableCodes.ok, text: 'Ok', color: colours.good },
    { value: auditTableCodes.explained, text: 'Explained', color: colours.neutral },
    { value: auditTableCodes.suspect, text: 'Suspect', color: colours.warning },
    { value: auditTableCodes.confirmed, text: 'Fault proven', color: colours.bad },
    { value: auditTableCodes.unknown, text: 'Unknown', color: colours.unknown },
    { value: auditTableCodes.noData, text: 'No data', color: 'dark-purple' },
  ],
  'No data',
);

export const auditTrailWords = words(
  [
    { value: auditTrailStates.proven, text: 'Proven', color: colours.good },
    { value: auditTrailStates.atRisk, text: 'At risk', color: colours.warning },
    { value: auditTrailStates.broken, text: 'Broken', color: colours.bad },
    { value: auditTrailStates.absent, text: 'Absent', color: 'dark-orange' },
    { value: auditTrailStates.unproven, text: 'Unproven', color: colours.unknown },
    { value: auditTrailStates.noData, text: 'No data', color: 'dark-purple' },
  ],
  'No data',
);

export const columnStateWords = words(
  [
    { value: columnStates.encrypted, text: 'Encrypted', color: colours.good },
    { value: columnStates.partly, text: 'Unreadable rows', color: colours.warning },
    { value: columnStates.exposed, text: 'Exposed', color: colours.bad },
    { value: columnStates.notScanned, text: 'Not scanned', color: colours.unknown },
  ],
  'Not scanned',
);

/** Tables about controls and areas that both the overview and the board draw from. */
import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import { colours, thresholds } from '../kit/fields.js';
import { age, colouredCell, faults, type JoinedColumn, joinedTable, share } from '../kit/joined-table.js';
import type { Panel } from '../kit/types.js';
import { filledIn } from '../kit/variables.js';
import { areaWords, controlStateWords } from './words.js';

export const narrowed = (selector: string, more: string) =>
  `{${[selector.replace(/^\{|\}$/g, ''), more].filter((part) => part !== '').join(', ')}}`;

/** One line for each area, with what its score is a share of. */
export function areaTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, area) (${expr})`;
  const count = (statuses: string) =>
    `sum by (portal, area) (${m.areaControls.name}${narrowed(selector, `status=~"${statuses}"`)})`;
  const counted = (title: string, statuses: string, color: string): JoinedColumn => ({
    title,
    expr: count(statuses),
    nothing: 'No data',
    properties: { ...faults(color, 'No data'), 'custom.width': 85 },
  });
  return joinedTable({
    title: 'Areas',
    description:
      'Share of compliant controls, weighted by severity. Waived, unknown and at-risk controls stay in the denominator, so that an ' +
      'exception never raises a score. Where nothing applies there is none.',
    nobody: 'No board is evaluated, or nobody has looked for an hour',
    identity: by(`${m.areaControls.name}${selector} >= bool 0`),
    key: ['portal', 'area'],
    labels: {
      area: { title: 'Area', properties: { 'custom.minWidth': 160, mappings: areaWords } },
      portal: { title: 'Portal', properties: { 'custom.width': 90, 'custom.hidden': selector !== '' } },
    },
    leading: ['area'],
    columns: [
      {
        title: 'Score',
        expr: by(`${m.areaScore.name}${selector}`),
        nothing: 'None',
        properties: { ...share(1, 0.8), 'custom.width': 150 },
      },
      counted('Failing', 'non_compliant', colours.bad),
      counted('Unknown', 'unknown', colours.unknown),
      counted('At risk', 'at_risk', colours.warning),
      counted('Waived', 'waived', colours.neutral),
      counted('Compliant', 'compliant', colours.good),
      { title: 'Apply', expr: count('[^n].*|non_compliant'), nothing: 'No data', properties: plain(70) },
      { title: 'n/a', expr: count('not_applicable'), nothing: 'No data', properties: plain(60) },
    ],
  });
}

/** One line for each control, worst first. */
export function controlTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, control) (${expr})`;
  return joinedTable({
    title: 'Controls',
    description:
      'What must be so, and whether it is. "Checks say" is the state before waivers. Evidence that is older than allowed makes a control ' +
      'unknown. The board supports compliance; it does not certify it.',
    nobody: 'No control is evaluated, or nobody has looked for an hour',
    identity: `max by (portal, control, severity, title, team) (${r.controlIdentity.name}${selector})`,
    key: ['portal', 'control'],
    labels: {
      control: {
        title: 'Control',
        properties: {
          'custom.width': 85,
          links: [
            {
              title: 'Show this control',
              url: `/d/kop-compliance?var-datasource=${filledIn('datasource')}&var-portal=${filledIn('__data.fields.Portal')}&var-control=${filledIn('__value.text')}&${filledIn('__url_time_range')}`,
            },
          ],
        },
      },
      title: { title: 'What must be so', properties: { 'custom.minWidth': 190 } },
      severity: { title: 'Severity', properties: { 'custom.width': 80 } },
      team: { title: 'Owner', properties: { 'custom.width': 100 } },
      portal: { title: 'Portal', properties: { 'custom.width': 90, 'custom.hidden': selector !== '' } },
    },
    leading: ['control', 'title'],
    columns: [
      {
        title: 'State',
        expr: by(`${r.controlState.name}${selector}`),
        nothing: 'No data',
        properties: stateCell,
      },
      { title: 'Checks say', expr: codes(m.rawStatus.name, selector), nothing: 'No data', properties: rawCell },
      {
        title: 'Evidence',
        expr: `1000 * ${by(`${m.evidenceTime.name}${selector}`)}`,
        nothing: 'None',
        properties: age('None', 150),
      },
      {
        title: 'Max age',
        expr: by(`${m.evidenceMaxAge.name}${selector}`),
        nothing: 'No data',
        properties: { unit: 's', decimals: 0, 'custom.width': 90 },
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}

/** A state of the metric contract as the number of its order. */
export function codes(metric: string, selector: string): string {
  return Object.entries({
    non_compliant: controlStates.nonCompliant,
    unknown: controlStates.unknown,
    at_risk: controlStates.atRisk,
    compliant: controlStates.compliant,
    not_applicable: controlStates.notApplicable,
  })
    .map(
      ([status, code]) =>
        `${code} * (max by (portal, control) (${metric}${narrowed(selector, `status="${status}"`)}) == 1)`,
    )
    .join(' or ');
}

const stateCell = {
  mappings: controlStateWords,
  'custom.cellOptions': colouredCell,
  'custom.width': 95,
  'custom.align': 'center',
} as const;

const rawCell = { ...stateCell, 'custom.cellOptions': { type: 'color-text' } } as const;

function plain(width: number): Readonly<Record<string, unknown>> {
  return { unit: 'short', decimals: 0, 'custom.width': width };
}

/** What each check of a control saw, beside its limit. */
export function checkTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, control, check) (${expr})`;
  const all = `${m.value.name}${selector} or ${m.threshold.name}${selector}`;
  return joinedTable({
    title: 'What the checks saw',
    description:
      'The newest value of each check of $control, in its own unit, and its limit. Without a value there is no evidence of that kind: ' +
      'attestations and deadlines have none of their own.',
    nobody: 'No check of it has a value',
    identity: by(`(${all}) >= bool -Inf`),
    key: ['portal', 'control', 'check'],
    labels: {
      control: { title: 'Control', properties: { 'custom.width': 85 } },
      check: { title: 'Check', properties: { 'custom.minWidth': 120 } },
      portal: { title: 'Portal', properties: { 'custom.hidden': true } },
    },
    leading: ['control', 'check'],
    columns: [
      { title: 'Value', expr: by(`${m.value.name}${selector}`), nothing: 'No value', properties: plainValue },
      { title: 'Limit', expr: by(`${m.threshold.name}${selector}`), nothing: 'No limit', properties: plainValue },
    ],
  });
}

const plainValue = { unit: 'short', 'custom.width': 130, thresholds: thresholds({ value: null, color: 'text' }) };

/** Tables about controls and areas that both the overview and the board draw from. */
import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import { colours, thresholds, words } from '../kit/fields.js';
import { age, colouredCell, faults, type JoinedColumn, joinedTable, share } from '../kit/joined-table.js';
import type { Panel } from '../kit/types.js';
import { filledIn } from '../kit/variables.js';
import { areaWords, controlStateWords, plainWord } from './words.js';

const ofControl = 'portal, control';

export const narrowed = (selector: string, more: string) =>
  `{${[selector.replace(/^\{|\}$/g, ''), more].filter((part) => part !== '').join(', ')}}`;

/** One line for each area, with what its score is a share of. */
export function areaTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, area) (${expr})`;
  const count = (statuses: string) =>
    `sum by (portal, area) (${m.areaControls.name}${narrowed(selector, `status=~"${statuses}"`)})`;
  const counted = (title: string, statuses: string, color: string, width = 80): JoinedColumn => ({
    title,
    expr: count(statuses),
    nothing: 'No data',
    properties: { ...faults(color, 'No data'), 'custom.width': width },
  });
  return joinedTable({
    title: 'Areas',
    description:
      'Share of compliant controls, weighted by severity. Waived, unknown and at-risk controls stay in the denominator, so that an ' +
      'exception never raises a score; "of" counts them. Where nothing applies there is no score.',
    nobody: 'No board is evaluated, or nobody has looked for an hour',
    // As recorded, so that the areas stay while the exporter is down.
    identity: by(`${r.controlIdentity.name}${selector}`),
    key: ['portal', 'area'],
    labels: {
      area: {
        title: 'Area',
        properties: {
          'custom.minWidth': 160,
          ...wrapped,
          mappings: areaWords,
          ...(selector === '' ? { links: [toBoard] } : {}),
        },
      },
      portal: { title: 'Portal', properties: { 'custom.width': 90, 'custom.hidden': selector !== '' } },
    },
    leading: ['area'],
    columns: [
      {
        title: 'Score',
        expr: `${by(`${m.areaScore.name}${selector}`)} or on (portal, area) -1 * ${by(`${m.areaControls.name}${selector} >= bool 0`)}`,
        nothing: 'No data',
        properties: {
          ...share(1, 0.8),
          mappings: words([{ value: -1, text: 'No score', color: 'text' }], 'No data'),
          'custom.width': 140,
        },
      },
      counted('Compliant', 'compliant', colours.good, 95),
      {
        title: 'of',
        expr: count('compliant|waived|at_risk|unknown|non_compliant'),
        nothing: 'No data',
        properties: number(60),
      },
      counted('Failing', 'non_compliant', colours.bad),
      counted('Unknown', 'unknown', colours.unknown),
      counted('At risk', 'at_risk', colours.warning),
      counted('Waived', 'waived', colours.neutral),
      { title: 'n/a', expr: count('not_applicable'), nothing: 'No data', properties: number(60) },
    ],
  });
}

/** One line for each control, worst first. */
export function controlTable(selector: string): Panel {
  const by = (expr: string) => `max by (${ofControl}) (${expr})`;
  const counted = `count by (${ofControl}) (${m.value.name}${selector})`;
  // Two checks of one control have two units: only a single value can stand for it.
  const single = (series: string) =>
    `(${by(series)} and on (${ofControl}) ${counted} == 1) or Inf * (${counted} > bool 1 == 1)`;
  return joinedTable({
    title: 'Controls',
    description:
      'What must be so, and whether it is, worst first. Value and limit are those of the check, where there is just one with a value. ' +
      '"Evidence age" is the age of the oldest evidence as a share of what is allowed; beyond 100 % the control is unknown. The board supports ' +
      'compliance; it does not certify it.',
    nobody: 'No control is evaluated, or nobody has looked for an hour',
    identity: `max by (portal, control, severity, title, team) (${r.controlIdentity.name}${selector})`,
    key: ['portal', 'control'],
    labels: {
      control: { title: 'Control', properties: { 'custom.width': 75, links: [toControl] } },
      title: { title: 'What must be so', properties: { 'custom.minWidth': 215, ...wrapped } },
      severity: { title: 'Severity', properties: { 'custom.width': 75 } },
      team: { title: 'Owner', properties: { 'custom.width': 100 } },
      portal: { title: 'Portal', properties: { 'custom.width': 90, 'custom.hidden': selector !== '' } },
    },
    leading: ['control', 'title'],
    columns: [
      { title: 'State', expr: by(`${r.controlState.name}${selector}`), nothing: 'No data', properties: stateCell },
      { title: 'Since', expr: `1000 * ${by(`${m.statusSince.name}${selector}`)}`, ...sinceCell },
      { title: 'Value', expr: single(`${m.value.name}${selector}`), ...singleCell },
      {
        title: 'Limit',
        expr: single(`${m.threshold.name}${selector} and on (${ofControl}, check) ${m.value.name}${selector}`),
        ...singleCell,
      },
      {
        title: 'Evidence age',
        expr: `(time() - ${by(`${m.evidenceTime.name}${selector}`)}) / ${by(`${m.evidenceMaxAge.name}${selector}`)}`,
        nothing: 'None',
        properties: shareOfAge,
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}

/** One line with all that is known of one control. */
export function controlFacts(selector: string): Panel {
  const by = (expr: string) => `max by (${ofControl}) (${expr})`;
  const date = (metric: string) => `1000 * ${by(`${metric}${selector}`)}`;
  return joinedTable({
    title: '$control',
    description:
      '"Checks say" is the state before waivers. Before the day from which the control is in force, it is shown as not applicable.',
    nobody: 'No control is evaluated, or nobody has looked for an hour',
    identity: `max by (portal, control, title) (${r.controlIdentity.name}${selector})`,
    key: ['portal', 'control'],
    labels: {
      title: { title: 'What must be so', properties: { 'custom.minWidth': 160, ...wrapped } },
      control: { title: 'Control', properties: { 'custom.hidden': true } },
      portal: { title: 'Portal', properties: { 'custom.hidden': true } },
    },
    leading: ['title'],
    columns: [
      { title: 'State', expr: by(`${r.controlState.name}${selector}`), nothing: 'No data', properties: stateCell },
      { title: 'Checks say', expr: codes(m.rawStatus.name, selector), nothing: 'No data', properties: rawCell },
      { title: 'Since', expr: date(m.statusSince.name), ...sinceCell },
      { title: 'Evidence', expr: date(m.evidenceTime.name), nothing: 'None', properties: age('None', 135) },
      {
        title: 'Max. age',
        expr: by(`${m.evidenceMaxAge.name}${selector}`),
        nothing: 'No data',
        properties: { unit: 's', decimals: 0, 'custom.width': 85 },
      },
      {
        title: 'Evaluated',
        expr: date(m.evaluated.name),
        nothing: 'No data',
        properties: {
          ...age('No data', 135),
          mappings: words([{ value: 0, text: 'Not yet', color: colours.unknown }], 'No data'),
        },
      },
      {
        title: 'In force from',
        expr: `${date(m.effectiveFrom.name)} or on (${ofControl}) 0 * ${by(`${m.info.name}${selector}`)}`,
        nothing: 'No data',
        properties: {
          unit: 'time:YYYY-MM-DD',
          mappings: words([{ value: 0, text: 'always', color: 'text' }], 'No data'),
          'custom.width': 105,
        },
      },
    ],
  });
}

/** A sentence has as many lines as it needs; Grafana 11 and 12 read different keys. */
export const wrapped = { 'custom.cellOptions': { type: 'auto', wrapText: true }, 'custom.wrapText': true } as const;

const toControl = {
  title: 'Show this control',
  url: `/d/kop-compliance?var-datasource=${filledIn('datasource')}&var-portal=${filledIn('__data.fields.Portal')}&var-control=${filledIn('__value.text')}&${filledIn('__url_time_range')}`,
};

/** Infinity stands for the values of several checks. */
const singleCell = {
  nothing: '–',
  properties: {
    ...number(72),
    mappings: [
      { type: 'value', options: { Infinity: { text: 'several', color: 'text', index: 0 } } },
      ...plainWord('–').mappings,
    ],
  },
} as const;

const sinceCell = { nothing: 'Not known', properties: age('Not known', 110) };

const shareOfAge = {
  unit: 'percentunit',
  decimals: 0,
  min: 0,
  max: 1,
  thresholds: thresholds(
    { value: null, color: colours.unknown },
    { value: 0, color: colours.neutral },
    { value: 0.8, color: colours.warning },
    { value: 1, color: colours.bad },
  ),
  'custom.width': 125,
  'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
};

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

const toBoard = {
  title: 'Show the controls',
  url: `/d/kop-compliance?var-datasource=${filledIn('datasource')}&var-portal=${filledIn('__data.fields.Portal')}&${filledIn('__url_time_range')}`,
};

const stateCell = {
  mappings: controlStateWords,
  'custom.cellOptions': colouredCell,
  'custom.width': 95,
  'custom.align': 'center',
} as const;

export const rawCell = { ...stateCell, 'custom.cellOptions': { type: 'color-text' } } as const;

function number(width: number): Readonly<Record<string, unknown>> {
  return { unit: 'short', 'custom.width': width, thresholds: thresholds({ value: null, color: 'text' }) };
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
      control: { title: 'Control', properties: { 'custom.hidden': true } },
      check: { title: 'Check', properties: { 'custom.minWidth': 120 } },
      portal: { title: 'Portal', properties: { 'custom.hidden': true } },
    },
    leading: ['check'],
    columns: [
      { title: 'Value', expr: by(`${m.value.name}${selector}`), nothing: 'No value', properties: number(100) },
      { title: 'Limit', expr: by(`${m.threshold.name}${selector}`), nothing: 'No limit', properties: number(100) },
    ],
  });
}

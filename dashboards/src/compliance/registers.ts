/** Tables of what people keep: obligations, waivers, published changes, and what the controls support. */
import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { faults, type JoinedColumn, joinedTable } from '../kit/joined-table.js';
import { tablePanel } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { codes, narrowed, rawCell, wrapped } from './controls.js';
import { changeWords } from './words.js';

const timeLeft = {
  unit: 's',
  decimals: 1,
  'custom.width': 140,
  'custom.cellOptions': { type: 'color-text' },
  thresholds: thresholds(
    { value: null, color: colours.bad },
    { value: 0, color: 'dark-orange' },
    { value: 604_800, color: 'text' },
  ),
} as const;

/** Nothing, which is no number, would leave rows unsorted. What is not known stands between overdue and still to come. */
const notKnown = 0.0001;

const deadlineWords = [
  {
    type: 'value',
    options: {
      Infinity: { text: '–', color: 'text', index: 0 },
      [notKnown]: { text: '?', color: colours.unknown, index: 1 },
    },
  },
  ...words([], '?').slice(1),
];

export function obligationTable(selector: string): Panel {
  const key = 'portal, obligation';
  // Of what only controls ask for that do not apply, or not yet, nothing has to be there.
  const isWanted = `(${m.obligation.name}{control=""} or (${m.obligation.name} and on (portal, control) (${r.controlState.name} > ${controlStates.notApplicable})))`;
  const asked = (expr: string) => `(${expr} and on (portal, obligation) ${isWanted})`;
  const by = (expr: string) => asked(`max by (portal, obligation) (${expr})`);
  const identity = asked(`max by (portal, obligation, title) (${m.obligation.name}${selector})`);
  const open = (title: string, bucket: string, color: string, width: number): JoinedColumn => ({
    title,
    expr: by(`${m.obligationsOpen.name}${narrowed(selector, `bucket="${bucket}"`)}`),
    nothing: '?',
    properties: { ...faults(color, '?'), 'custom.width': width },
  });
  return joinedTable({
    title: 'Obligations',
    description:
      'Open cases of each register by the time that is left. Only counts leave the register. A register that cannot be read in whole ' +
      'is unknown, and a deadline that depends on holidays nobody knows yet is uncertain. Obligations of controls that do not apply are not shown.',
    nobody: 'No obligation is known',
    identity,
    key: ['portal', 'obligation'],
    labels: {
      title: { title: 'Obligation', properties: { 'custom.minWidth': 165, ...wrapped } },
      obligation: { title: 'Name', properties: { 'custom.hidden': true } },
      portal: { title: 'Portal', properties: { 'custom.width': 90, 'custom.hidden': selector !== '' } },
    },
    leading: ['title'],
    columns: [
      {
        title: 'Register',
        expr: by(`${m.registerReadable.name}${selector}`),
        nothing: 'Not read',
        properties: {
          mappings: words(
            [
              { value: 1, text: 'read', color: 'text' },
              { value: 0, text: 'unreadable', color: colours.unknown },
            ],
            'Not read',
          ),
          'custom.width': 92,
          'custom.cellOptions': { type: 'color-text' },
        },
      },
      {
        title: 'Next due in',
        expr: `${by(`${m.nextDeadline.name}${selector}`)} - time() or on (${key}) Inf * (${by(`${m.registerReadable.name}${selector}`)} == 1) or on (${key}) ${notKnown} * max by (${key}) (${identity})`,
        nothing: '?',
        properties: { ...timeLeft, mappings: deadlineWords, 'custom.width': 128 },
      },
      open('Overdue', 'overdue', colours.bad, 78),
      open('< 1 day', '<24h', 'dark-orange', 72),
      open('< 3 days', '<72h', colours.warning, 80),
      open('< 7 days', '<7d', 'text', 80),
      open('Later', 'later', 'text', 60),
      open('Uncertain', 'uncertain', colours.unknown, 88),
      {
        title: 'Late, 30 d',
        expr: asked(
          `round(sum by (portal, obligation) (increase(${m.obligationsCompleted.name}${narrowed(selector, 'outcome="late"')}[30d])))`,
        ),
        nothing: '?',
        properties: { ...faults('dark-orange', '?'), 'custom.width': 85 },
      },
    ],
    sortBy: { displayName: 'Next due in', desc: false },
  });
}

export function waiverTable(selector: string): Panel {
  const granted = `max by (portal, control, waiver) (${m.waiverExpiry.name}${selector} >= bool 0)`;
  return joinedTable({
    title: 'Waivers',
    description:
      'Exceptions with an end. From the day after it a control is what its checks say. Who approved each and why is in the API, not here.',
    nobody: 'No waiver is known',
    identity: granted,
    key: ['portal', 'control', 'waiver'],
    labels: {
      control: { title: 'Control', properties: { 'custom.minWidth': 75 } },
      waiver: { title: 'Waiver', properties: { 'custom.minWidth': 95 } },
      portal: { title: 'Portal', properties: { 'custom.hidden': true } },
    },
    leading: ['waiver', 'control'],
    columns: [
      {
        title: 'Ends in',
        expr: `max by (portal, control, waiver) (${m.waiverExpiry.name}${selector}) - time()`,
        nothing: ' ',
        properties: { ...timeLeft, 'custom.width': 100 },
      },
      {
        title: 'Checks say',
        expr: `${granted} * on (portal, control) group_left () (${codes(m.rawStatus.name, selector)})`,
        nothing: 'No data',
        properties: rawCell,
      },
    ],
    sortBy: { displayName: 'Ends in', desc: false },
  });
}

export function changeTable(selector: string): Panel {
  const key = 'portal, change';
  return joinedTable({
    title: 'Published changes of the rules',
    description: 'What the firm has to be ready for, from its file of changes, and how many controls each affects.',
    nobody: 'No change is known',
    identity: `max by (portal, change, impact, status) (${m.changeEffective.name}${selector} >= bool 0)`,
    key: ['portal', 'change'],
    labels: {
      change: { title: 'Change', properties: { 'custom.minWidth': 110 } },
      impact: { title: 'Impact', properties: { 'custom.width': 80 } },
      status: {
        title: 'Status',
        properties: { 'custom.width': 105, mappings: changeWords, 'custom.cellOptions': { type: 'color-text' } },
      },
      portal: { title: 'Portal', properties: { 'custom.hidden': true } },
    },
    leading: ['change', 'impact', 'status'],
    columns: [
      {
        title: 'Effective in',
        expr: `(max by (${key}) (${m.changeEffective.name}${selector}) > 0) - time() or on (${key}) Inf * (max by (${key}) (${m.changeEffective.name}${selector}) == bool 0)`,
        nothing: 'Not known',
        properties: {
          ...timeLeft,
          mappings: words([{ value: Infinity, text: 'Not known', color: colours.unknown }], 'Not known'),
          'custom.width': 130,
        },
      },
      {
        title: 'Controls',
        expr: `count by (${key}) (${m.changeControl.name}${selector})`,
        nothing: 'None named',
        properties: { unit: 'short', 'custom.width': 95 },
      },
    ],
    sortBy: { displayName: 'Effective in', desc: false },
  });
}

export function mappingTable(selector: string): Panel {
  return tablePanel({
    title: 'What the controls support',
    description:
      'Rules that each control supports. "verified": somebody read the text. "listed": the document that defines the catalogue names it. ' +
      '"to confirm": a person must confirm it before relying on it.',
    unit: 'none',
    noValue: 'No data',
    targets: [
      {
        expr: `max by (framework, ref, confidence, control) (${m.mapping.name}${selector})`,
        legendFormat: '',
        instant: true,
        format: 'table',
      },
    ],
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, Value: true },
          indexByName: { framework: 0, ref: 1, control: 2, confidence: 3 },
          renameByName: { framework: 'Framework', ref: 'Place', control: 'Control', confidence: 'Confirmed' },
        },
      },
    ],
    overrides: [
      field('Framework', { 'custom.width': 150 }),
      field('Control', { 'custom.width': 90 }),
      field('Confirmed', {
        'custom.width': 120,
        'custom.cellOptions': { type: 'color-text' },
        mappings: [
          {
            type: 'value',
            options: {
              verified: { text: 'verified', color: colours.good, index: 0 },
              listed: { text: 'listed', color: 'text', index: 1 },
              to_confirm: { text: 'to confirm', color: 'orange', index: 2 },
            },
          },
        ],
      }),
    ],
    sortBy: { displayName: 'Framework', desc: false },
  });
}

import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { workflowRecorded as r } from '../../../pack/workflow/recorded.js';
import { colours, field, thresholds } from '../kit/fields.js';
import { tablePanel } from '../kit/panels.js';
import type { Panel, QueryTarget } from '../kit/types.js';
import { filledIn } from '../kit/variables.js';
import { workflowStateWords } from './words.js';

interface Column {
  readonly title: string;
  readonly expr: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The base is what an empty cell takes: nothing known must look neither good nor bad. */
const budgetSteps = thresholds(
  { value: null, color: colours.unknown },
  { value: -1e9, color: colours.bad },
  { value: 0, color: colours.warning },
  { value: 0.25, color: colours.good },
);

/** One line for each workflow, worst first. `selector` limits it, such as `{portal=~"$portal"}`. */
export function workflowTable(selector: string): Panel {
  const by = (expr: string) => `max by (portal, workflow) (${expr})`;
  const within = selector.replace(/^\{|\}$/g, '');
  const columns: readonly Column[] = [
    {
      title: 'State',
      expr: by(`${r.state.name}${selector}`),
      properties: {
        mappings: workflowStateWords,
        'custom.cellOptions': { type: 'color-background', mode: 'basic', applyToRow: false },
        'custom.width': 90,
        'custom.align': 'center',
      },
    },
    {
      title: 'Met',
      expr: by(`${r.attainment.name}${selector}`),
      properties: { unit: 'percentunit', decimals: 2, 'custom.width': 90 },
    },
    {
      title: 'Measured',
      expr: by(`${r.measured.name}${selector}`),
      properties: { unit: 'percentunit', decimals: 1, 'custom.width': 95 },
    },
    {
      title: 'Promised',
      expr: by(`${m.slaObjective.name}${selector}`),
      properties: { unit: 'percentunit', decimals: 2, 'custom.width': 95 },
    },
    {
      title: 'Budget left',
      expr: by(`${r.budgetRemaining.name}${selector}`),
      properties: {
        unit: 'percentunit',
        decimals: 0,
        min: 0,
        max: 1,
        thresholds: budgetSteps,
        'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
        'custom.width': 160,
      },
    },
    {
      title: 'SLA',
      expr: by(`${m.slaTarget.name}${selector}`),
      properties: { unit: 's', 'custom.width': 80 },
    },
    {
      // Of the durations as measured: between the bounds of a histogram a percentile is a guess.
      title: '95 % within, 1 h',
      expr: by(
        `quantile_over_time(0.95, ${m.lastRunDuration.name}${selector}[1h]) and ${m.lastRun.name}${selector} > time() - 3600`,
      ),
      properties: { unit: 's', 'custom.width': 130 },
    },
    {
      title: 'Missed, 1 h',
      expr: by(`round(${r.missed('1h').name}${selector})`),
      properties: {
        unit: 'short',
        decimals: 0,
        'custom.width': 105,
        thresholds: thresholds({ value: null, color: 'text' }, { value: 1, color: 'dark-orange' }),
        'custom.cellOptions': { type: 'color-text' },
      },
    },
    {
      title: 'Last run',
      // Also of an exporter that is gone: the age is what tells.
      expr: by(`1000 * (max_over_time(${m.lastRun.name}${selector}[1d]) > 0)`),
      properties: { unit: 'dateTimeFromNow', 'custom.width': 140 },
    },
  ];
  const identity: QueryTarget = {
    expr: `max by (portal, workflow, title, team) (${r.identity.name}${selector})`,
    legendFormat: '',
    instant: true,
    format: 'table',
  };
  return tablePanel({
    title: 'Workflows',
    description:
      'Every workflow with the state of its objective. "Met" and "Budget left" are of the whole period of the objective; ' +
      '"Measured" is the share of the turns due in it; "Not known" means that too few were measured to tell, and "No data" that ' +
      'it has not been measured for three of its intervals.',
    unit: 'none',
    targets: [
      identity,
      ...columns.map(({ expr }): QueryTarget => ({ expr, legendFormat: '', instant: true, format: 'table' })),
    ],
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, 'Value #A': true, ...(within === '' ? {} : { portal: true }) },
          indexByName: Object.fromEntries(
            ['title', ...columns.map((_column, index) => valueField(index)), 'team', 'workflow', 'portal'].map(
              (name, index) => [name, index],
            ),
          ),
          renameByName: {
            portal: 'Portal',
            workflow: 'Name',
            title: 'Workflow',
            team: 'Team',
            ...Object.fromEntries(columns.map(({ title }, index) => [valueField(index), title])),
          },
        },
      },
    ],
    sortBy: { displayName: 'State', desc: true },
    overrides: [
      ...columns.map(({ title, properties }) => field(title, properties)),
      field('Name', { 'custom.hidden': true }),
      field('Team', { 'custom.width': 105 }),
      field('Portal', { 'custom.width': 85 }),
      field('Workflow', {
        'custom.minWidth': 240,
        links: [
          {
            title: 'Show this workflow',
            url: `/d/kop-workflow-sla?var-datasource=${filledIn('datasource')}&var-portal=${
              within === '' ? filledIn('__data.fields.Portal') : filledIn('portal')
            }&var-workflow=${filledIn('__data.fields.Name')}&${filledIn('__url_time_range')}`,
          },
        ],
      }),
    ],
  });
}

/** `Value #B` and on: A is the identity. */
function valueField(index: number): string {
  return `Value #${String.fromCharCode('B'.charCodeAt(0) + index)}`;
}

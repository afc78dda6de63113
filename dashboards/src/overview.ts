import {
  auditRecorded,
  columnStates,
  encryptionRecorded,
  exporterRecorded,
  workflowRecorded as r,
  runtimeMetrics,
  workflowStates,
} from '../../pack/metrics/index.js';
import { trailTable } from './audit-tables.js';
import { columnTable, providerTable } from './encryption-tables.js';
import { dashboard, type Row } from './kit/dashboard.js';
import { colours, field, thresholds, words } from './kit/fields.js';
import { stat, stateTimeline, table, timeseries } from './kit/panels.js';
import type { Dashboard, Panel, Target } from './kit/types.js';
import {
  alerts,
  auditTrailWords,
  columnStateWords,
  countOrNone,
  cpu,
  eventLoopLag,
  firing,
  inState,
  memory,
  providerStateWords,
  rulesAreEvaluated,
  workflowStateWords,
} from './queries.js';
import { workflowTable } from './workflow-table.js';

/** Traffic lights: a row for what fires, one for each kind of promise, one for the exporters themselves. */
export function overview(): Dashboard {
  return dashboard({
    uid: 'kop-overview',
    title: 'Observability overview',
    description: 'Whether the portals keep what they promise, and whether anybody is looking.',
    from: 'now-6h',
    variables: [],
    rows: [now(), workflowSla(), auditTrails(), fieldEncryption(), exporters()],
  });
}

const one = (expr: string, legendFormat: string): Target => ({ expr, legendFormat, instant: true });
const cells = (expr: string): Target => ({ expr, legendFormat: '', instant: true, format: 'table' });

function now(): Row {
  return {
    title: 'Now',
    lines: [
      {
        height: 4,
        panels: [
          [6, alertCounts()],
          [7, workflowCounts()],
          [3, trailStates()],
          [4, encryptionStates()],
          [4, exporterCounts()],
        ],
      },
      { height: 9, panels: [[24, alertTable()]] },
    ],
  };
}

function alertCounts(): Panel {
  const count = (severity: string) => countOrNone(firing(`, severity="${severity}"`), rulesAreEvaluated);
  return stat({
    title: 'Alerts firing',
    description: 'By severity. "No data" means that the rules are not being evaluated, so that no alert could fire.',
    unit: 'short',
    colour: 'background',
    targets: [
      one(count('critical'), 'Critical'),
      one(count('warning'), 'Warning'),
      one(count('info'), 'For information'),
    ],
    thresholds: thresholds({ value: null, color: colours.good }, { value: 1, color: colours.warning }),
    mappings: words([], 'No data'),
    overrides: [
      field('Critical', {
        thresholds: thresholds({ value: null, color: colours.good }, { value: 1, color: colours.bad }),
      }),
      field('For information', {
        thresholds: thresholds({ value: null, color: colours.good }, { value: 1, color: colours.neutral }),
      }),
    ],
  });
}

function workflowCounts(): Panel {
  const count = (state: Parameters<typeof inState>[0]) => countOrNone(inState(state), `count(${r.state.name})`);
  const lit = (colour: string) => ({
    thresholds: thresholds({ value: null, color: 'text' }, { value: 1, color: colour }),
  });
  return stat({
    title: 'Workflows by state of their objective',
    description:
      'Met; at risk (a burn alert of lower priority, or less than a quarter of the error budget left); broken (a critical ' +
      'burn alert, or the budget spent); not known (too few turns of the period were measured to tell); no data (not measured for three intervals).',
    unit: 'short',
    colour: 'value',
    targets: [
      one(count('met'), 'Met'),
      one(count('atRisk'), 'At risk'),
      one(count('broken'), 'Broken'),
      one(count('notKnown'), 'Not known'),
      one(count('noData'), 'No data'),
    ],
    mappings: words([], 'No data'),
    overrides: [
      field('Met', lit(colours.good)),
      field('At risk', lit(colours.warning)),
      field('Broken', lit(colours.bad)),
      field('Not known', lit(colours.unknown)),
      field('No data', lit(colours.unknown)),
    ],
  });
}

function trailStates(): Panel {
  return stat({
    title: 'Audit trails',
    description: 'State of the audit trail that is worst off.',
    unit: 'none',
    colour: 'background',
    targets: [one(`max(${auditRecorded.state.name})`, '')],
    mappings: auditTrailWords,
  });
}

function encryptionStates(): Panel {
  return stat({
    title: 'Field encryption',
    description: 'State of the provider, and of the encrypted column, that is worst off.',
    unit: 'none',
    colour: 'value',
    targets: [
      one(`max(${encryptionRecorded.state.name})`, 'Providers'),
      // Without a scan nobody knows; that is not the same as having nothing to scan.
      one(`max(${encryptionRecorded.columnState.name}) or vector(${columnStates.notScanned})`, 'Columns'),
    ],
    mappings: providerStateWords,
    overrides: [field('Columns', { mappings: columnStateWords })],
  });
}

function exporterCounts(): Panel {
  const known = `count(${exporterRecorded.lastSeen.name})`;
  const silent = `${exporterRecorded.lastSeen.name} unless on (job, instance, exporter) ${runtimeMetrics.buildInfo.name}`;
  return stat({
    title: 'Exporters',
    description: 'Exporters that answer, and those seen within the last hour, or still configured, that do not.',
    unit: 'short',
    colour: 'value',
    targets: [
      one(`count(${runtimeMetrics.buildInfo.name}) or 0 * ${known}`, 'Answering'),
      one(countOrNone(silent, known), 'Silent'),
    ],
    mappings: words([], 'No data'),
    overrides: [
      field('Answering', {
        thresholds: thresholds({ value: null, color: colours.bad }, { value: 1, color: colours.good }),
      }),
      field('Silent', { thresholds: thresholds({ value: null, color: 'text' }, { value: 1, color: colours.bad }) }),
    ],
  });
}

/** Severities as numbers, because their names do not sort by weight. */
const severityRanks = [
  { severity: 'critical', rank: 3, color: colours.bad },
  { severity: 'warning', rank: 2, color: colours.warning },
  { severity: 'info', rank: 1, color: colours.neutral },
  { severity: 'none', rank: 0, color: 'transparent' },
] as const;

/** What an alert may be about; each has some of them, and one column is enough for all. */
const subjectLabels = [
  'workflow',
  'trail',
  'provider',
  'key',
  'table',
  'column',
  'check',
  'source',
  'anchor',
  'invariant',
  'object',
  'exposure',
  'comparison',
  'field',
  'test',
  'kind',
  'state',
  'collector',
] as const;

function alertTable(): Panel {
  const labels = 'alertname, alertstate, team, portal, subject, window, instance';
  const columns = {
    Value: 'Severity',
    alertname: 'Alert',
    alertstate: 'Status',
    portal: 'Portal',
    subject: 'About',
    window: 'Burn window',
    instance: 'Instance',
    team: 'Team',
  };
  const firingNow = (severity: string) =>
    `label_join(${alerts.name}{pack="kop", severity="${severity}"}, "subject", " ", ${subjectLabels.map((label) => `"${label}"`).join(', ')})`;
  return table({
    title: 'Firing and pending alerts',
    description:
      'The watchdog always fires and so always stands here; when even that is missing, the rules are not being evaluated.',
    unit: 'none',
    noValue: 'No data: not even the watchdog fires, so the rules are not being evaluated',
    targets: [
      cells(
        severityRanks.map(({ severity, rank }) => `${rank} * max by (${labels}) (${firingNow(severity)})`).join(' or '),
      ),
    ],
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries(Object.keys(columns).map((name, index) => [name, index])),
          renameByName: columns,
        },
      },
    ],
    overrides: [
      ...Object.entries({ Portal: 100, 'Burn window': 110, Instance: 160, Team: 120 }).map(([name, width]) =>
        field(name, { noValue: ' ', 'custom.width': width }),
      ),
      field('About', { noValue: ' ', 'custom.minWidth': 260 }),
      field('Alert', { 'custom.width': 260 }),
      field('Status', { 'custom.width': 80 }),
      field('Severity', {
        'custom.width': 110,
        'custom.align': 'left',
        'custom.cellOptions': { type: 'color-background', mode: 'basic' },
        mappings: words(
          severityRanks.map(({ severity, rank, color }) => ({ value: rank, text: severity, color })),
          'none',
        ),
      }),
    ],
    sortBy: { displayName: 'Severity', desc: true },
  });
}

function workflowSla(): Row {
  return {
    title: 'Workflow SLA',
    lines: [
      { height: 12, panels: [[24, workflowTable('')]] },
      {
        height: 10,
        panels: [
          [
            24,
            stateTimeline({
              title: 'State of each workflow',
              description:
                'How the state of each objective changed. Where nothing is drawn, the workflow was not known.',
              expr: `label_join(max by (portal, workflow) (${r.state.name}), "subject", " on ", "workflow", "portal")`,
              subject: 'subject',
              nothing: { text: 'No workflow is known', code: workflowStates.noData },
              mappings: workflowStateWords,
            }),
          ],
        ],
      },
    ],
  };
}

function auditTrails(): Row {
  return { title: 'Audit trails', lines: [{ height: 5, panels: [[24, trailTable()]] }] };
}

function fieldEncryption(): Row {
  return {
    title: 'Field encryption',
    lines: [
      { height: 6, panels: [[24, providerTable('')]] },
      { height: 7, panels: [[24, columnTable('')]] },
    ],
  };
}

function exporters(): Row {
  return {
    title: 'Exporters',
    lines: [
      { height: 5, panels: [[24, exporterTable()]] },
      {
        height: 7,
        panels: [
          [
            8,
            timeseries({
              title: 'Event loop lag',
              description: 'How late the event loop of the serving thread is; measuring runs in a thread of its own.',
              unit: 's',
              min: 0,
              targets: [
                {
                  expr: `${eventLoopLag.name} and on (job, instance) ${runtimeMetrics.buildInfo.name}`,
                  legendFormat: '{{instance}}',
                },
              ],
            }),
          ],
          [
            8,
            timeseries({
              title: 'Processor',
              description: 'Share of one processor that each exporter process uses.',
              unit: 'percentunit',
              min: 0,
              targets: [
                {
                  expr: `rate(${cpu.name}[$__rate_interval]) and on (job, instance) ${runtimeMetrics.buildInfo.name}`,
                  legendFormat: '{{instance}}',
                },
              ],
            }),
          ],
          [
            8,
            timeseries({
              title: 'Memory',
              description: 'Memory that each exporter process holds.',
              unit: 'bytes',
              min: 0,
              targets: [
                {
                  expr: `${memory.name} and on (job, instance) ${runtimeMetrics.buildInfo.name}`,
                  legendFormat: '{{instance}}',
                },
              ],
            }),
          ],
        ],
      },
    ],
  };
}

function exporterTable(): Panel {
  const seen = exporterRecorded.lastSeen.name;
  const each = `max by (exporter, job, instance) (${seen})`;
  // What a process says of itself carries no exporter; a process may hold several.
  const ofProcess = (expr: string) => `0 * ${each} + on (job, instance) group_left () ${expr}`;
  const collectors = runtimeMetrics.collectorSuccess.name;
  return table({
    title: 'Exporters',
    description: 'Every exporter known, whether it answers, and what it says of itself.',
    unit: 'none',
    noValue: 'No data: no exporter has been scraped in the last hour',
    targets: [
      cells(`max by (exporter, job, instance) (${runtimeMetrics.buildInfo.name}) or 0 * ${each}`),
      cells(`1000 * ${each}`),
      cells(ofProcess(`count by (job, instance) (${collectors} == 1)`)),
      cells(ofProcess(`count by (job, instance) (${collectors})`)),
      cells(ofProcess(runtimeMetrics.configReloadSuccessful.name)),
      cells(ofProcess(`(1000 * ${runtimeMetrics.configReloadSuccess.name})`)),
    ],
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: {
            exporter: 0,
            'Value #A': 1,
            instance: 2,
            job: 3,
            'Value #B': 4,
            'Value #C': 5,
            'Value #D': 6,
            'Value #E': 7,
            'Value #F': 8,
          },
          renameByName: {
            exporter: 'Exporter',
            instance: 'Instance',
            job: 'Job',
            'Value #A': 'State',
            'Value #B': 'Last scraped',
            'Value #C': 'Collectors working',
            'Value #D': 'Collectors',
            'Value #E': 'Last reload',
            'Value #F': 'Configuration loaded',
          },
        },
      },
    ],
    overrides: [
      field('State', {
        mappings: words(
          [
            { value: 1, text: 'Answering', color: colours.good },
            { value: 0, text: 'Silent', color: colours.bad },
          ],
          'No data',
        ),
        'custom.cellOptions': { type: 'color-background', mode: 'basic' },
        'custom.width': 110,
        'custom.align': 'center',
      }),
      field('Last reload', {
        mappings: words(
          [
            { value: 1, text: 'accepted', color: colours.good },
            { value: 0, text: 'refused', color: colours.bad },
          ],
          'No data',
        ),
        'custom.cellOptions': { type: 'color-text' },
      }),
      ...['Collectors working', 'Collectors', 'Last scraped', 'Configuration loaded'].map((name) =>
        field(name, { noValue: 'No data' }),
      ),
      field('Last scraped', { unit: 'dateTimeFromNow' }),
      field('Configuration loaded', { unit: 'dateTimeFromNow' }),
    ],
  });
}

import { exporterRecorded, runtimeMetrics } from '../../../pack/metrics/index.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { stat, tablePanel, timeseries } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { countOrNone, cpu, eventLoopLag, memory } from '../queries.js';
import { cells, type OverviewPart, one } from './part.js';

/** The exporters themselves. */
export function exportersOverview(): OverviewPart {
  return { light: exporterCounts(), lightWidth: 4, row: exporters(), subjects: ['collector'] };
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

function exporters(): DashboardRow {
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
  return tablePanel({
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

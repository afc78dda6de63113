import { metricFamilies, recordedSeries } from './metric-catalogue.js';
import type { Metric, Recorded, Unit } from './metrics/declare.js';
import type { Window } from './metrics/window.js';

const unitWords: Record<Unit, string> = {
  seconds: 'seconds',
  bytes: 'bytes',
  ratio: 'ratio, 0 to 1',
  timestamp: 'seconds since 1970',
  info: 'always 1',
  boolean: '0 or 1',
  count: 'count',
};

const intro = `Every metric that the exporters expose and every series that the alert rules record. All durations are in seconds and all
shares between 0 and 1; times are timestamps rather than ages, so that a stuck exporter is seen. Each known series is there
from the start at 0, so that the first failure is counted. \`portal\` names one described portal. No client name, row key,
request id or free text ever becomes a label.

In addition, every exporter has the \`process_*\` and \`nodejs_*\` metrics of Node.js.`;

/** The text of `docs/metrics.md`. */
export function metricReference(windows: readonly Window[]): string {
  const families = metricFamilies().toSorted((a, b) => (a.title < b.title ? -1 : 1));
  const sections = [
    '<!-- Generated, do not edit: made by `kop build` from pack.yaml and the metrics.ts of each domain. -->',
    '# Metrics',
    intro,
    ...families.map((family) => `## ${family.title}\n\n${exposedTable(Object.values(family.metrics))}`),
    `## Recorded by the alert rules\n\n${recordedTable(recordedSeries(windows))}`,
    `## Buckets\n\n${buckets(families.flatMap(({ metrics }) => Object.values(metrics)))}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function exposedTable(metrics: readonly Metric[]): string {
  return table(
    ['metric', 'type', 'unit', 'labels', 'meaning'],
    metrics.map((m) => [`\`${m.name}\``, m.type, unitWords[m.unit], labelText(m), m.help]),
  );
}

function recordedTable(series: readonly Recorded[]): string {
  return table(
    ['series', 'unit', 'labels', 'meaning'],
    series.map((s) => [`\`${s.name}\``, unitWords[s.unit], s.labels.join(', '), s.help]),
  );
}

function labelText(metric: Metric): string {
  return metric.labels
    .map((label) => {
      const values = metric.values?.[label];
      return values === undefined ? label : `${label} = ${values.join(' \\| ')}`;
    })
    .join(', ');
}

function buckets(metrics: readonly Metric[]): string {
  const lines = metrics
    .filter((metric) => metric.bounds !== undefined)
    .map((metric) => `- \`${metric.name}\`: ${metric.bounds?.join(', ')}`);
  const note =
    'Upper bounds in seconds. Each SLA of a workflow is a bound of its own, so that the share of runs within it is exact.';
  return [note, '', ...lines].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

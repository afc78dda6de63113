import { type DashboardRow, dashboard } from '../kit/dashboard.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { stat, tablePanel } from '../kit/panels.js';
import type { Dashboard, Panel } from '../kit/types.js';
import { alerts, countOrNone, firing, rulesAreEvaluated } from '../queries.js';
import { exportersOverview } from './exporters.js';
import { cells, type OverviewPart, one } from './part.js';

const COLUMNS = 24;

/** Traffic lights: a row for what fires, one for each kind of promise, one for the exporters themselves. */
export function overview(domains: readonly OverviewPart[]): Dashboard {
  const parts = [...domains, exportersOverview()];
  return dashboard({
    uid: 'kop-overview',
    title: 'Observability overview',
    description: 'Whether the portals keep what they promise, and whether anybody is looking.',
    from: 'now-6h',
    variables: [],
    rows: [now(parts), ...parts.map(({ row }) => row)],
  });
}

function now(parts: readonly OverviewPart[]): DashboardRow {
  const widths = fitted(
    parts.map(({ lightWidth }) => lightWidth),
    COLUMNS,
  );
  return {
    title: 'Now',
    lines: [
      { height: 3, panels: [[COLUMNS, alertCounts()]] },
      { height: 4, panels: parts.map(({ light }, index): [number, Panel] => [widths[index] ?? 1, light]) },
      { height: 9, panels: [[COLUMNS, alertTable(parts)]] },
    ],
  };
}

/** Whole widths in proportion that fill a line; what rounding leaves goes to those that lost most by it. */
function fitted(wanted: readonly number[], columns: number): readonly number[] {
  const whole = wanted.reduce((sum, width) => sum + width, 0);
  const exact = wanted.map((width) => (width * columns) / whole);
  const widths = exact.map(Math.floor);
  const byLoss = [...exact.keys()].toSorted((a, b) => ((exact[b] ?? 0) % 1) - ((exact[a] ?? 0) % 1));
  const rest = columns - widths.reduce((sum, width) => sum + width, 0);
  return widths.map((width, index) => (byLoss.indexOf(index) < rest ? width + 1 : width));
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

/** Severities as numbers, because their names do not sort by weight. */
const severityRanks = [
  { severity: 'critical', rank: 3, color: colours.bad },
  { severity: 'warning', rank: 2, color: colours.warning },
  { severity: 'info', rank: 1, color: colours.neutral },
  { severity: 'none', rank: 0, color: 'transparent' },
] as const;

/** Each alert has some of the labels, and one column is enough for all. */
function alertTable(parts: readonly OverviewPart[]): Panel {
  const subjects = [...new Set(parts.flatMap((part) => part.subjects))];
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
    // An alert with none of them must have none, and not a text of blanks, which Grafana would show as 0.
    `label_replace(label_join(${alerts.name}{pack="kop", severity="${severity}"}, "subject", " ", ${subjects.map((label) => `"${label}"`).join(', ')}), "subject", "$1", "subject", " *(.*?) *")`;
  return tablePanel({
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

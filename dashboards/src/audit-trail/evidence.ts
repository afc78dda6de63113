/** What an answer about a trail rests on, and whether that can be seen. */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { colours, field, fieldsLike, words } from '../kit/fields.js';
import { age, colouredCell, joinedTable } from '../kit/joined-table.js';
import { stateTimeline, tablePanel } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { instantTable, trailSelector } from './queries.js';

/** By how far it is from certainty; the recorded words have no order. */
const codes = { ok: 1, degraded: 2, unknown: 3 } as const;

const evidenceWords = words(
  [
    { value: codes.ok, text: 'Ok', color: colours.good },
    { value: codes.degraded, text: 'Degraded', color: colours.warning },
    { value: codes.unknown, text: 'Unknown', color: colours.unknown },
  ],
  'No data',
);

const effective = words(
  [
    { value: 1, text: '✓', color: colours.good },
    { value: 0, text: 'not recorded', color: colours.bad },
  ],
  'No data',
);

export function auditEvidence(): DashboardRow {
  return {
    title: 'Evidence',
    lines: [
      {
        height: 12,
        panels: [
          [8, sources()],
          [16, sourcesOverTime()],
        ],
      },
      {
        height: 14,
        panels: [
          [14, triggers()],
          [10, checks()],
        ],
      },
    ],
  };
}

const code = `(${Object.entries(codes)
  .map(
    ([state, value]) =>
      `${value} * (max by (source) (${m.evidenceState.name}{portal="$portal", trail="$trail", state="${state}"}) == 1)`,
  )
  .join(' or ')})`;

function sources(): Panel {
  return joinedTable({
    title: 'Sources of evidence',
    description:
      'Where knowledge of the trail comes from. What rests on an unknown source is unknown; `kop audit status` prints the GRANT or ' +
      'setting that would mend it.',
    nobody: 'Nobody looks',
    identity: code,
    key: ['source'],
    labels: { source: { title: 'Source' } },
    leading: ['source'],
    columns: [
      {
        title: 'State',
        expr: code,
        nothing: 'No data',
        properties: { mappings: evidenceWords, 'custom.cellOptions': colouredCell, 'custom.align': 'center' },
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}

function sourcesOverTime(): Panel {
  return stateTimeline({
    title: 'Sources of evidence over time',
    description: 'When each source could be seen. Where nothing is drawn, the exporter itself was not there.',
    expr: code,
    subject: 'source',
    nothing: { text: 'No source has been seen', code: codes.unknown },
    mappings: evidenceWords,
  });
}

function triggers(): Panel {
  return tablePanel({
    title: 'What is recorded',
    description:
      'For each table and operation whether a trigger records it that no session can switch off: enabled always, for every row and ' +
      'column, on every leaf partition, calling a trusted function.',
    unit: 'none',
    noValue: 'No data: the catalogue has not been read',
    targets: [instantTable(`max by (table, operation) (${m.triggerEffective.name}${trailSelector})`)],
    transformations: [
      {
        id: 'groupingToMatrix',
        options: { columnField: 'operation', rowField: 'table', valueField: 'Value', emptyValue: 'null' },
      },
      {
        id: 'organize',
        options: {
          renameByName: { 'table\\operation': 'Table' },
          indexByName: Object.fromEntries(
            ['table\\operation', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'].map((name, index) => [name, index]),
          ),
        },
      },
    ],
    overrides: [
      field('Table', { 'custom.minWidth': 210 }),
      fieldsLike('^[A-Z]+$', {
        mappings: effective,
        noValue: 'not required',
        'custom.cellOptions': { type: 'color-text' },
        'custom.align': 'center',
        'custom.width': 110,
      }),
    ],
    sortBy: { displayName: 'Table', desc: false },
  });
}

function checks(): Panel {
  const last = `max by (check) (${m.lastCheck.name}${trailSelector})`;
  return joinedTable({
    title: 'Checks',
    description:
      'When each check last had a result, and how long it took. A check that never had one has shown nothing.',
    nobody: 'Nobody looks',
    identity: last,
    key: ['check'],
    labels: { check: { title: 'Check' } },
    leading: ['check'],
    columns: [
      { title: 'Last result', expr: `1000 * (${last} > 0)`, nothing: 'Never', properties: age('Never') },
      {
        title: 'Took',
        expr: `max by (check) (${m.checkDuration.name}${trailSelector})`,
        nothing: 'No data',
        properties: { unit: 's', 'custom.width': 110 },
      },
    ],
  });
}

import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import { type DashboardRow, dashboard } from '../kit/dashboard.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { stat, stateTimeline, tablePanel, timeseries } from '../kit/panels.js';
import type { Dashboard, Panel, QueryTarget } from '../kit/types.js';
import { labelVariable } from '../kit/variables.js';
import { areaTable, checkTable, controlTable } from './controls.js';
import { changeTable, mappingTable, obligationTable, waiverTable } from './registers.js';
import { controlStateWords } from './words.js';

const ofPortal = '{portal="$portal"}';
const chosen = '{portal="$portal", control="$control"}';

const instant = (expr: string, legendFormat = ''): QueryTarget => ({ expr, legendFormat, instant: true });

/** From the areas of a portal down to one control, and to what its evidence rests on. */
export function complianceDashboard(): Dashboard {
  return dashboard({
    uid: 'kop-compliance',
    title: 'Compliance',
    description: 'Which controls are met, which are not, which nobody knows, and what the answers rest on.',
    from: 'now-7d',
    variables: [
      labelVariable('portal', 'Portal', `${m.board.name}, portal`),
      labelVariable('control', 'Control', `${m.info.name}${ofPortal}, control`),
    ],
    rows: [board(), oneControl(), registers(), evidence(), every()],
  });
}

function board(): DashboardRow {
  return {
    title: 'Controls of $portal',
    lines: [
      { height: 7, panels: [[24, areaTable(ofPortal)]] },
      { height: 6, panels: [[24, areaTimeline()]] },
      { height: 17, panels: [[24, controlTable(ofPortal)]] },
    ],
  };
}

function oneControl(): DashboardRow {
  return {
    title: '$control',
    lines: [
      {
        height: 6,
        panels: [
          [10, controlTimeline()],
          [10, checkTable(chosen)],
          [4, inForce()],
        ],
      },
    ],
  };
}

function registers(): DashboardRow {
  return {
    title: 'Obligations, waivers and changes',
    lines: [
      { height: 11, panels: [[24, obligationTable(ofPortal)]] },
      {
        height: 7,
        panels: [
          [10, waiverTable(ofPortal)],
          [14, changeTable(ofPortal)],
        ],
      },
    ],
  };
}

function evidence(): DashboardRow {
  return {
    title: 'What the answers rest on',
    lines: [
      { height: 4, panels: [[24, health()]] },
      {
        height: 8,
        panels: [
          [12, failures()],
          [12, catalogues()],
        ],
      },
      { height: 10, panels: [[24, mappingTable(ofPortal)]] },
    ],
  };
}

function every(): DashboardRow {
  return {
    title: 'Every control over time',
    collapsed: true,
    lines: [{ height: 30, panels: [[24, everyTimeline()]] }],
  };
}

/** Several states may have been in one step; the worst of them wins. */
const worst = (selector: string) => `max_over_time(${r.controlState.name}${selector}[$__interval])`;
const nobody = { text: 'No control is known', code: controlStates.unknown } as const;

function areaTimeline(): Panel {
  return stateTimeline({
    title: 'Worst control of each area',
    description:
      'The worst state that any control of the area had in each step. While nobody looks, a failure stays and all else is unknown.',
    expr: `max by (area) (${worst(ofPortal)} * on (portal, control) group_left (area) max by (portal, control, area) (${r.controlIdentity.name}${ofPortal}))`,
    subject: 'area',
    nothing: nobody,
    interval: '1m',
    mappings: controlStateWords,
  });
}

function controlTimeline(): Panel {
  return stateTimeline({
    title: 'State of $control',
    description: 'The worst state in each step.',
    expr: `max by (control) (${worst(chosen)})`,
    subject: 'control',
    nothing: nobody,
    interval: '1m',
    mappings: controlStateWords,
  });
}

function inForce(): Panel {
  return stat({
    title: 'In force from',
    description: 'The day on which the control takes effect. Before it, the control is shown as coming.',
    unit: 'time:YYYY-MM-DD',
    targets: [instant(`1000 * max by (control) (${m.effectiveFrom.name}${chosen})`)],
    noValue: 'always',
    mappings: [
      { type: 'special', options: { match: 'null+nan', result: { text: 'always', color: 'text', index: 99 } } },
    ],
  });
}

function everyTimeline(): Panel {
  return stateTimeline({
    title: 'State of every control',
    description: 'The worst state in each step.',
    expr: `max by (control) (${worst(ofPortal)})`,
    subject: 'control',
    nothing: nobody,
    interval: '1m',
    mappings: controlStateWords,
  });
}

function health(): Panel {
  const by = (expr: string) => `max by (portal) (${expr})`;
  return stat({
    title: 'The evaluator',
    description:
      'Whether evaluations are kept as evidence, when they were last sealed, and how many of the known answers were right in the last ' +
      'examination of the evaluator.',
    unit: 'none',
    colour: 'value',
    targets: [
      instant(by(`${m.evidenceKept.name}${ofPortal}`), 'Evidence'),
      instant(
        `1000 * ${by(`${m.evidenceSealed.name}${ofPortal}`)} or -1 * (1 - ${by(`${m.sealConfigured.name}${ofPortal}`)} == 1)`,
        'Last checkpoint',
      ),
      instant(by(`${m.accuracy.name}${ofPortal}`), 'Known answers right'),
      instant(`1000 * (${by(`${m.examined.name}${ofPortal}`)} > 0)`, 'Last examined'),
    ],
    overrides: [
      field('Evidence', {
        mappings: words(
          [
            { value: 1, text: 'kept', color: colours.good },
            { value: 0, text: 'NOT KEPT', color: colours.bad },
          ],
          'No data',
        ),
      }),
      field('Last checkpoint', {
        unit: 'dateTimeFromNow',
        mappings: words([{ value: -1, text: 'not sealed', color: colours.neutral }], 'None yet'),
      }),
      field('Known answers right', {
        unit: 'percentunit',
        decimals: 1,
        thresholds: thresholds({ value: null, color: colours.bad }, { value: 0.999, color: colours.good }),
      }),
      field('Last examined', { unit: 'dateTimeFromNow', mappings: words([], 'Not yet') }),
    ],
  });
}

function failures(): Panel {
  return timeseries({
    title: 'Evaluations without an answer',
    description: 'Evaluations in which a check saw nothing (unknown), or whose own code failed (broken), in each step.',
    unit: 'short',
    draw: 'bars',
    stacked: true,
    targets: [
      {
        expr: `sum by (reason) (increase(${m.failures.name}${ofPortal}[$__rate_interval]))`,
        legendFormat: '{{reason}}',
      },
    ],
    overrides: [
      field('unknown', { color: { mode: 'fixed', fixedColor: colours.unknown } }),
      field('broken', { color: { mode: 'fixed', fixedColor: colours.bad } }),
    ],
  });
}

function catalogues(): Panel {
  return tablePanel({
    title: 'Catalogues that are evaluated',
    description: 'With the digest of what is evaluated: the catalogue as the profile made it.',
    unit: 'none',
    noValue: 'No data',
    targets: [
      {
        expr: `max by (catalogue, version, sha256) (${m.catalogue.name}${ofPortal})`,
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
          indexByName: { catalogue: 0, version: 1, sha256: 2 },
          renameByName: { catalogue: 'Catalogue', version: 'Version', sha256: 'SHA-256' },
        },
      },
    ],
    overrides: [field('Catalogue', { 'custom.width': 140 }), field('Version', { 'custom.width': 90 })],
  });
}

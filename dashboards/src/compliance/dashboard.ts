import { complianceMetrics as m } from '../../../pack/compliance/metrics.js';
import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import { type DashboardRow, dashboard } from '../kit/dashboard.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { stat, stateTimeline, tablePanel, timeseries } from '../kit/panels.js';
import type { Dashboard, Panel, QueryTarget } from '../kit/types.js';
import { labelVariable } from '../kit/variables.js';
import { areaTable, checkTable, controlFacts, controlTable } from './controls.js';
import { changeTable, mappingTable, obligationTable, waiverTable } from './registers.js';
import { areaNames, controlStripWords } from './words.js';

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
      { height: 20, panels: [[24, controlTable(ofPortal)]] },
    ],
  };
}

function oneControl(): DashboardRow {
  return {
    title: 'One control: $control',
    lines: [
      { height: 5, panels: [[24, controlFacts(chosen)]] },
      {
        height: 6,
        panels: [
          [12, controlTimeline()],
          [12, checkTable(chosen)],
        ],
      },
    ],
  };
}

function registers(): DashboardRow {
  return {
    title: 'Obligations, waivers and changes',
    lines: [
      { height: 13, panels: [[24, obligationTable(ofPortal)]] },
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
      {
        height: 4,
        panels: [
          [4, evidenceKept()],
          [5, sealed()],
          [5, accuracy()],
          [5, examined()],
          [5, prometheusUp()],
        ],
      },
      {
        height: 8,
        panels: [
          [10, failures()],
          [14, catalogues()],
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
    mappings: controlStripWords,
    overrides: Object.entries(areaNames).map(([area, displayName]) => field(area, { displayName })),
  });
}

const controlTimeline = () => worstOfControls('State of $control', chosen);
const everyTimeline = () => worstOfControls('State of every control', ofPortal);

function worstOfControls(title: string, selector: string): Panel {
  return stateTimeline({
    title,
    description: 'The worst state in each step.',
    expr: `max by (control) (${worst(selector)})`,
    subject: 'control',
    nothing: nobody,
    interval: '1m',
    mappings: controlStripWords,
  });
}

const byPortal = (metric: string) => `max by (portal) (${metric}${ofPortal})`;

function evidenceKept(): Panel {
  return stat({
    title: 'Evidence',
    description: 'Whether evaluations can be kept. While they cannot, every control that does not fail is unknown.',
    unit: 'none',
    targets: [instant(byPortal(m.evidenceKept.name))],
    mappings: words(
      [
        { value: 1, text: 'Kept', color: colours.good },
        { value: 0, text: 'Not kept', color: colours.bad },
      ],
      'No data',
    ),
  });
}

/** The newest checkpoint, 0 where the first is awaited, and -1 where evidence is not to be sealed. */
function sealed(): Panel {
  return stat({
    title: 'Checkpoint',
    description: 'When the evidence was last sealed. What is not sealed could be altered without a trace.',
    unit: 'dateTimeFromNow',
    targets: [
      instant(`1000 * ${byPortal(m.evidenceSealed.name)} or on (portal) ${byPortal(m.sealConfigured.name)} - 1`),
    ],
    noValue: 'No data',
    mappings: words(
      [
        { value: -1, text: 'Not sealed', color: colours.neutral },
        { value: 0, text: 'None yet', color: colours.unknown },
      ],
      'No data',
    ),
  });
}

function accuracy(): Panel {
  return stat({
    title: 'Right answers',
    description: 'Share of cases with a known answer that the evaluator got right in its last examination.',
    unit: 'percentunit',
    decimals: 1,
    targets: [instant(byPortal(m.accuracy.name))],
    noValue: 'No data',
    thresholds: thresholds({ value: null, color: colours.bad }, { value: 0.999, color: colours.good }),
  });
}

function examined(): Panel {
  return stat({
    title: 'Last examined',
    description: 'When the evaluator was last asked for the known answers.',
    unit: 'dateTimeFromNow',
    targets: [instant(`1000 * ${byPortal(m.examined.name)}`)],
    mappings: words([{ value: 0, text: 'Not yet', color: colours.unknown }], 'No data'),
  });
}

function prometheusUp(): Panel {
  return stat({
    title: 'Prometheus',
    description:
      'Whether the Prometheus that checks ask answered the last question; not known before the first. While it is silent, what rests on it is unknown.',
    unit: 'none',
    targets: [instant(byPortal(m.prometheusUp.name))],
    noValue: 'Not known',
    mappings: words(
      [
        { value: 1, text: 'Answers', color: colours.good },
        { value: 0, text: 'Silent', color: colours.bad },
      ],
      'Not known',
    ),
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

import { workflowRecorded as r, workflowStates } from '../../../pack/workflow/recorded.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { colours, field, thresholds, words } from '../kit/fields.js';
import { stat, stateTimeline } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { type OverviewPart, one } from '../overview/part.js';
import { countOrNone } from '../queries.js';
import { workflowTable } from './table.js';
import { inState, workflowStateWords } from './words.js';

export function workflowOverview(): OverviewPart {
  return { light: counts(), lightWidth: 6, row: row(), subjects: ['workflow'] };
}

function counts(): Panel {
  const count = (state: Parameters<typeof inState>[0]) => countOrNone(inState(state), `count(${r.state.name})`);
  const lit = (colour: string) => ({
    thresholds: thresholds({ value: null, color: 'text' }, { value: 1, color: colour }),
  });
  return stat({
    title: 'Workflows by state',
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

function row(): DashboardRow {
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

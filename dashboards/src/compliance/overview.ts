import { controlStates, complianceRecorded as r } from '../../../pack/compliance/recorded.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { stat } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { type OverviewPart, one } from '../overview/part.js';
import { areaTable } from './controls.js';
import { controlStateWords } from './words.js';

const subjects = ['control', 'obligation', 'change'];

export function complianceOverview(): OverviewPart {
  return { light: worst(), lightWidth: 5, row: row(), subjects };
}

function worst(): Panel {
  return stat({
    title: 'Compliance',
    description: 'State of the control that is worst off.',
    unit: 'none',
    colour: 'value',
    // Without a board nobody knows; that is not the same as having nothing to comply with.
    targets: [one(`max(${r.controlState.name}) or vector(${controlStates.unknown})`, 'Controls')],
    mappings: controlStateWords,
  });
}

function row(): DashboardRow {
  return { title: 'Compliance', lines: [{ height: 7, panels: [[24, areaTable('')]] }] };
}

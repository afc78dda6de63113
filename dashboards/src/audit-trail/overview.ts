import { auditRecorded } from '../../../pack/audit-trail/recorded.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { stat } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { type OverviewPart, one } from '../overview/part.js';
import { trailTable } from './tables.js';
import { auditTrailWords } from './words.js';

const subjects = 'trail table check source anchor invariant object exposure comparison field kind'.split(' ');

export function auditTrailOverview(): OverviewPart {
  return { light: worst(), lightWidth: 4, row: row(), subjects };
}

function worst(): Panel {
  return stat({
    title: 'Audit trails',
    description: 'State of the audit trail that is worst off.',
    unit: 'none',
    colour: 'background',
    targets: [one(`max(${auditRecorded.state.name})`, '')],
    mappings: auditTrailWords,
  });
}

function row(): DashboardRow {
  return { title: 'Audit trails', lines: [{ height: 5, panels: [[24, trailTable()]] }] };
}

import { columnStates, encryptionRecorded } from '../../../pack/encryption/recorded.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { field } from '../kit/fields.js';
import { stat } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { type OverviewPart, one } from '../overview/part.js';
import { columnTable, providerTable } from './tables.js';
import { columnStateWords, providerStateWords } from './words.js';

const subjects = ['provider', 'key', 'table', 'column', 'test', 'state'];

export function encryptionOverview(): OverviewPart {
  return { light: worst(), lightWidth: 5, row: row(), subjects };
}

function worst(): Panel {
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

function row(): DashboardRow {
  return {
    title: 'Field encryption',
    lines: [
      { height: 6, panels: [[24, providerTable('')]] },
      { height: 7, panels: [[24, columnTable('')]] },
    ],
  };
}

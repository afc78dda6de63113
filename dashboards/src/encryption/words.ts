import { columnStates, providerStates } from '../../../pack/encryption/recorded.js';
import { colours, words } from '../kit/fields.js';

export const providerStateWords = words(
  [
    { value: providerStates.met, text: 'Met', color: colours.good },
    { value: providerStates.atRisk, text: 'At risk', color: colours.warning },
    { value: providerStates.noData, text: 'No data', color: colours.unknown },
    { value: providerStates.broken, text: 'Broken', color: colours.bad },
  ],
  'No data',
);

export const columnStateWords = words(
  [
    { value: columnStates.encrypted, text: 'Encrypted', color: colours.good },
    { value: columnStates.partly, text: 'Unreadable rows', color: colours.warning },
    { value: columnStates.exposed, text: 'Exposed', color: colours.bad },
    { value: columnStates.notScanned, text: 'Not scanned', color: colours.unknown },
  ],
  'Not scanned',
);

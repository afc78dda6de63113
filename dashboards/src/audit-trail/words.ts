import { auditTableCodes, auditTrailStates } from '../../../pack/audit-trail/recorded.js';
import { colours, words } from '../kit/fields.js';

export const auditTableWords = words(
  [
    { value: auditTableCodes.ok, text: 'Ok', color: colours.good },
    { value: auditTableCodes.explained, text: 'Explained', color: colours.neutral },
    { value: auditTableCodes.suspect, text: 'Suspect', color: colours.warning },
    { value: auditTableCodes.confirmed, text: 'Fault proven', color: colours.bad },
    { value: auditTableCodes.unknown, text: 'Unknown', color: colours.unknown },
    { value: auditTableCodes.noData, text: 'No data', color: 'dark-purple' },
  ],
  'No data',
);

export const auditTrailWords = words(
  [
    { value: auditTrailStates.proven, text: 'Proven', color: colours.good },
    { value: auditTrailStates.atRisk, text: 'At risk', color: colours.warning },
    { value: auditTrailStates.broken, text: 'Broken', color: colours.bad },
    { value: auditTrailStates.absent, text: 'Absent', color: 'dark-orange' },
    { value: auditTrailStates.unproven, text: 'Unproven', color: colours.unknown },
    { value: auditTrailStates.noData, text: 'No data', color: 'dark-purple' },
  ],
  'No data',
);

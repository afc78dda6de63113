import { controlStates } from '../../../pack/compliance/recorded.js';
import { colours, words } from '../kit/fields.js';

export const controlStateWords = words(
  [
    { value: controlStates.notApplicable, text: 'n/a', color: 'text' },
    { value: controlStates.compliant, text: 'Compliant', color: colours.good },
    { value: controlStates.waived, text: 'Waived', color: colours.neutral },
    { value: controlStates.atRisk, text: 'At risk', color: colours.warning },
    { value: controlStates.unknown, text: 'Unknown', color: colours.unknown },
    { value: controlStates.nonCompliant, text: 'Failing', color: colours.bad },
  ],
  'No data',
);

export const areaWords = [
  {
    type: 'value',
    options: {
      financial_regulations: { text: 'Financial regulations', index: 0 },
      data_protection: { text: 'Data protection', index: 1 },
      privacy_regulations: { text: 'Privacy', index: 2 },
      audit_requirements: { text: 'Audit', index: 3 },
      security_compliance: { text: 'Security', index: 4 },
    },
  },
] as const;

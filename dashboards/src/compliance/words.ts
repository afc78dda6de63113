import type { complianceAreas } from '../../../pack/compliance/model/control.js';
import type { changeStatuses } from '../../../pack/compliance/model/index.js';
import { controlStates } from '../../../pack/compliance/recorded.js';
import { colours, words } from '../kit/fields.js';

export const controlStateWords = stateWords('text');

/** On a timeline, the colour of text would be the loudest of all. */
export const controlStripWords = stateWords('rgba(128, 128, 128, 0.3)');

function stateWords(notApplicable: string) {
  return words(
    [
      { value: controlStates.notApplicable, text: 'n/a', color: notApplicable },
      { value: controlStates.compliant, text: 'Compliant', color: colours.good },
      { value: controlStates.waived, text: 'Waived', color: colours.neutral },
      { value: controlStates.atRisk, text: 'At risk', color: colours.warning },
      { value: controlStates.unknown, text: 'Unknown', color: colours.unknown },
      { value: controlStates.nonCompliant, text: 'Failing', color: colours.bad },
    ],
    'No data',
  );
}

export const areaNames = {
  financial_regulations: 'Financial regulations',
  data_protection: 'Data protection',
  privacy_regulations: 'Privacy',
  audit_requirements: 'Audit',
  security_compliance: 'Security',
} as const satisfies Readonly<Record<(typeof complianceAreas)[number], string>>;

export const areaWords = [
  {
    type: 'value',
    options: Object.fromEntries(
      Object.entries(areaNames).map(([area, text], index) => [area, { text, color: 'text', index }]),
    ),
  },
];

/** Something that is not there, and of which nothing is unknown. */
export function plainWord(text: string) {
  return {
    mappings: [{ type: 'special', options: { match: 'null+nan', result: { text, color: 'text', index: 99 } } }],
  };
}

const changeNames = {
  not_assessed: { text: 'not assessed', color: 'orange' },
  assessed: { text: 'assessed', color: 'text' },
  in_progress: { text: 'in progress', color: 'text' },
  ready: { text: 'ready', color: colours.good },
  not_relevant: { text: 'not relevant', color: 'text' },
} as const satisfies Readonly<Record<(typeof changeStatuses)[number], unknown>>;

export const changeWords = [
  {
    type: 'value',
    options: Object.fromEntries(
      Object.entries(changeNames).map(([status, word], index) => [status, { ...word, index }]),
    ),
  },
];

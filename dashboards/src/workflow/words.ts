import { workflowRecorded as r, workflowStates } from '../../../pack/workflow/recorded.js';
import { colours, words } from '../kit/fields.js';

export const workflowStateWords = words(
  [
    { value: workflowStates.met, text: 'Met', color: colours.good },
    { value: workflowStates.atRisk, text: 'At risk', color: colours.warning },
    { value: workflowStates.notKnown, text: 'Not known', color: colours.unknown },
    { value: workflowStates.noData, text: 'No data', color: colours.unknown },
    { value: workflowStates.broken, text: 'Broken', color: colours.bad },
  ],
  'No data',
);

export function inState(state: keyof typeof workflowStates, selector = ''): string {
  return `${r.state.name}${selector} == ${workflowStates[state]}`;
}

import type { Rule } from '../../domain.js';
import { judgeNumbers, judgeNumbersAsTexts } from '../../reading/numbers.js';
import { nodeAt } from '../../reading/source-node.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

/** No number of a step arrives at the portal, or is compared, as another one. */
export const numbers: Rule<ParsedWorkflow> = ({ own, root, reporter }) => {
  for (const workflow of Object.keys(own)) {
    const steps = nodeAt(root, ['workflows', workflow, 'steps']);
    for (const index of steps?.kind === 'list' ? steps.items.keys() : []) {
      const step = ['workflows', workflow, 'steps', index];
      judgeNumbers(root, [...step, 'body', 'json'], reporter, true);
      judgeNumbers(root, [...step, 'expect', 'json'], reporter, false);
      judgeNumbersAsTexts(root, [...step, 'query'], reporter);
      judgeNumbersAsTexts(root, [...step, 'body', 'form'], reporter);
    }
  }
};

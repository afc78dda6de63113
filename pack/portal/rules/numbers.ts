import { judgeNumbersAsTexts } from '../../reading/numbers.js';
import type { SharedRule } from '../../shared/rule.js';

/** No variable arrives at the portal as another number. */
export const numbersOfPortals: SharedRule = ({ shared, root, reporter }) => {
  for (const portal of Object.keys(shared.portals)) {
    judgeNumbersAsTexts(root, ['portals', portal, 'variables'], reporter);
  }
};

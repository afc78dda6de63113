import { namesIn } from '../../reading/names.js';
import type { SharedRule } from '../../shared/rule.js';

/** There is something to measure. */
export const atLeastOnePortal: SharedRule = ({ root, reporter }) => {
  if (namesIn(root, 'portals')?.length === 0) {
    reporter.report(['portals'], 'no portal is described', { atKey: true, expected: 'at least one portal' });
  }
};

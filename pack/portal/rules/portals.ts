import { namesIn } from '../../reading/names.js';
import type { SharedRule } from '../../shared/rule.js';

/** At least one portal is described. */
export const atLeastOnePortal: SharedRule = ({ root, reporter }) => {
  if (namesIn(root, 'portals')?.length === 0) {
    reporter.report(['portals'], 'no portal is described', { atKey: true, expected: 'at least one portal' });
  }
};

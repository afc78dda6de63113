import { namesIn, type Rule } from '../../reading/rule.js';

/** There is something to measure. */
export const atLeastOnePortal: Rule = ({ root, reporter }) => {
  if (namesIn(root, 'portals')?.length === 0) {
    reporter.report(['portals'], 'no portal is described', { atKey: true, expected: 'at least one portal' });
  }
};

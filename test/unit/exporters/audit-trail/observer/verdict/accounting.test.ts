import { expect, test } from 'vitest';
import type { MismatchStep } from '../../../../../../exporters/audit-trail/observer/checks/counters/steps.js';
import { isMatched } from '../../../../../../exporters/audit-trail/observer/verdict/accounting.js';

function step(invariant: MismatchStep['invariant'], amount: number): MismatchStep {
  return { invariant, amount, since: 0, until: 1, to: '1', tables: [], isInScope: true };
}

const none = { missing: 0, unexplained: 0, altered: 0 };

test.each<{ what: string; checking: readonly MismatchStep[]; confirmed: typeof none; isDecided: boolean }>([
  {
    what: 'as many changes are missing as counters show',
    checking: [step('operations_calls', 2), step('operations_calls', 1)],
    confirmed: { ...none, missing: 3 },
    isDecided: true,
  },
  {
    what: 'one more is shown',
    checking: [step('operations_calls', 4)],
    confirmed: { ...none, missing: 3 },
    isDecided: false,
  },
  {
    what: 'one more is missing, which some session has not reported yet',
    checking: [step('operations_calls', 2)],
    confirmed: { ...none, missing: 3 },
    isDecided: false,
  },
  {
    what: 'a forged record, and a statement that was cut off',
    checking: [step('operations_calls', 1), step('calls_records', -2)],
    confirmed: { ...none, unexplained: 1 },
    isDecided: false,
  },
  {
    what: 'records were changed, which no session reports on both sides',
    checking: [step('records_mutated', 1)],
    confirmed: none,
    isDecided: true,
  },
])('$what: decided at once, $isDecided', ({ checking, confirmed, isDecided }) => {
  expect(isMatched(checking, confirmed)).toBe(isDecided);
});

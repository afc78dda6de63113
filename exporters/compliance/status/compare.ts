import type { ComparisonOperator, ControlExpectation } from '../../../pack/compliance/model/check.js';
import { compareDecimals, decimalOf } from './decimal.js';
import type { CheckFinding, SeenEvidence } from './finding.js';

/** Compares what was seen with what is expected. */
export function compareWith(
  expectation: ControlExpectation,
  seen: SeenEvidence & { readonly value: string },
): CheckFinding {
  const { operator, limit, warnLimit } = expectation;
  const keeps = (bound: number) => isKept(operator, compareDecimals(seen.value, decimalOf(bound) ?? '0'));
  if (!keeps(limit)) return { outcome: 'fail', seen, reason: `${seen.value} is not ${operator} ${limit}` };
  if (warnLimit !== undefined && !keeps(warnLimit)) {
    return {
      outcome: 'at_risk',
      seen,
      reason: `${seen.value} is ${operator} ${limit}, but not ${operator} ${warnLimit}`,
    };
  }
  return { outcome: 'pass', seen };
}

function isKept(operator: ComparisonOperator, order: -1 | 0 | 1): boolean {
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

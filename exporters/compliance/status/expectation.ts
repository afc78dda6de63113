import type { ControlCheck, ControlExpectation } from '../../../pack/compliance/model/index.js';

/** What a value is compared with; undefined for kinds that compare none. */
export function comparisonOf(check: ControlCheck): ControlExpectation | undefined {
  if ('expect' in check) return check.expect;
  return check.kind === 'freshness' ? ageLimits(check.maxAgeSeconds, check.warnAgeSeconds) : undefined;
}

/** An age passes up to its limit. */
export function ageLimits(maxSeconds: number, warnSeconds?: number): ControlExpectation {
  return { operator: '<=', limit: maxSeconds, ...(warnSeconds === undefined ? {} : { warnLimit: warnSeconds }) };
}

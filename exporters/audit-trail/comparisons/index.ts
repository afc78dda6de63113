import type { ComparisonName } from '../../../pack/audit-comparisons.js';
import { failureOf } from '../../runtime/postgres/failure.js';
import { activityIdDensity } from './activity-id-density.js';
import { activityWithoutLog } from './activity-without-log.js';
import type { Comparison, ComparisonResult, Queryable } from './comparison.js';
import { loginsWithoutSession } from './logins-without-session.js';
import { missingIrr } from './missing-irr.js';
import { orphanedValuations } from './orphaned-valuations.js';
import { providerSwitches } from './provider-switches.js';

export type { Comparison, ComparisonResult, Queryable } from './comparison.js';

export const comparisons: Readonly<Record<ComparisonName, Comparison>> = {
  'provider-switches': providerSwitches,
  'activity-without-log': activityWithoutLog,
  'orphaned-valuations': orphanedValuations,
  'missing-irr': missingIrr,
  'activity-id-density': activityIdDensity,
  'logins-without-session': loginsWithoutSession,
};

/**
 * Compares, or says why it cannot. A failed statement ends the transaction it ran in: give each comparison its own.
 *
 * @throws the signal's reason, and nothing else.
 */
export async function runComparison(
  name: ComparisonName,
  client: Queryable,
  signal: AbortSignal,
): Promise<ComparisonResult> {
  signal.throwIfAborted();
  try {
    const [row] = await client.query<{ findings: string; checked: string }>(comparisons[name].sql);
    signal.throwIfAborted();
    if (row === undefined) return { state: 'unknown', reason: 'the comparison gave no row' };
    return { state: 'compared', findings: Number(row.findings), checked: Number(row.checked) };
  } catch (error) {
    signal.throwIfAborted();
    return unknownBecause(error);
  }
}

function unknownBecause(error: unknown): Extract<ComparisonResult, { state: 'unknown' }> {
  const { kind, reason } = failureOf(error);
  switch (kind) {
    case 'privilege':
      return { state: 'unknown', reason, ...grantFor(reason) };
    case 'absent':
      return { state: 'unknown', reason: `this portal's tables are others: ${reason}` };
    case 'other':
      // Its message may quote a value of a row.
      return { state: 'unknown', reason: 'the comparison failed in the database' };
    default:
      return { state: 'unknown', reason };
  }
}

/** `permission denied for table clients`. */
function grantFor(reason: string): { readonly mend?: string } {
  const table = /permission denied for (?:table|view) (\S+)/.exec(reason)?.[1];
  return table === undefined ? {} : { mend: `GRANT SELECT ON public.${table} TO the role of the observer` };
}

import type { Comparison } from '../../../pack/audit-trail/model.js';
import { deniedRelation } from '../../runtime/postgres/describe-failure.js';
import { failureOf } from '../../runtime/postgres/failure.js';
import type { Session } from '../../runtime/postgres/read-only.js';

export type ComparisonResult =
  | { readonly state: 'compared'; readonly findings: number; readonly checked: number }
  | { readonly state: 'unknown'; readonly reason: string; readonly mend?: string };

/**
 * Compares, or says why it cannot. Only two numbers leave the database; no name, key or amount does. A failed statement
 * aborts its transaction, so each comparison needs its own.
 *
 * @throws the signal's reason, and nothing else.
 */
export async function runComparison(
  { query }: Comparison,
  session: Session,
  signal: AbortSignal,
): Promise<ComparisonResult> {
  signal.throwIfAborted();
  try {
    const [row] = await session.query<{ findings: string; checked: string }>(
      `select count(*) filter (where is_finding) as findings, count(*) as checked from (\n${query}\n) as compared`,
    );
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

function grantFor(reason: string): { readonly mend?: string } {
  const table = deniedRelation(reason);
  return table === undefined ? {} : { mend: `GRANT SELECT ON public.${table} TO the role of the observer` };
}

import type { Session } from '../../../runtime/postgres/read-only.js';
import { readFacts } from '../../database/facts.js';
import { CannotCheck } from '../check.js';
import { readColumns } from '../tables/columns.js';
import type { Finding } from '../verdict/findings.js';
import type { PlannedPoll } from './plan.js';

/**
 * Between the plan and what was read by it, the key of a table may have been redefined; then rows and records were paired by what
 * is no key any more. Asked only when something was found.
 *
 * @throws {CannotCheck} The next poll makes another plan.
 */
export async function refuseStaleKeys(
  { plan }: PlannedPoll,
  session: Session,
  findings: readonly Pick<Finding, 'table'>[],
): Promise<void> {
  const units = [...new Set(findings.map(({ table }) => table))].flatMap((table) => plan.units.get(table) ?? []);
  if (units.length === 0) return;
  const now = await readColumns(
    session,
    await readFacts(session),
    units.map(({ oid }) => oid),
  );
  const stale = units.find(({ oid, columns }) => now.get(oid)?.keyChanged !== columns.keyChanged);
  if (stale !== undefined)
    throw new CannotCheck(`the primary key of ${stale.table} was redefined while it was compared`);
}

import type { Session } from '../../../runtime/postgres/read-only.js';
import { readFacts } from '../../database/facts.js';
import { foreignWriter } from '../../records/shape.js';
import { CannotCheck } from '../check.js';
import { readColumns } from '../tables/columns.js';
import type { Finding } from '../verdict/findings.js';
import type { PlannedPoll } from './plan.js';

/**
 * Between the plan and what was read by it, the key of a table may have been redefined; then rows and records were paired by what
 * is no key any more. Or a subscription began to bring the records of another server. Asked only when something was found.
 *
 * @throws {CannotCheck} The next poll makes another plan.
 */
export async function refuseStalePlan(
  { plan, sql }: PlannedPoll,
  session: Session,
  findings: readonly Pick<Finding, 'table'>[],
): Promise<void> {
  const units = [...new Set(findings.map(({ table }) => table))].flatMap((table) => plan.units.get(table) ?? []);
  if (units.length === 0) return;
  const { records, shape } = sql;
  const foreign = await foreignWriter(session, records, [shape.oid, ...shape.leaves]);
  if (foreign !== undefined) throw new CannotCheck(foreign.unreadable.join('; '));
  const now = await readColumns(
    session,
    await readFacts(session),
    units.map(({ oid }) => oid),
  );
  const stale = units.find(({ oid, columns }) => now.get(oid)?.keyChanged !== columns.keyChanged);
  if (stale !== undefined)
    throw new CannotCheck(`the primary key of ${stale.table} was redefined while it was compared`);
}

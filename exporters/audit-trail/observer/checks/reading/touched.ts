import type { AuditRecords } from '../../../../../pack/audit-trail/model.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { RecordsShape } from '../../../records/shape.js';
import type { ReadingMemory } from './memory.js';

const TOUCHED = `
select coalesce(sum(pg_stat_get_tuples_updated(r) + pg_stat_get_tuples_deleted(r)), 0)::float8 as count from unnest($1::oid[]) r`;

/**
 * Whether records were updated or deleted since the last round. Where triggers write them, that is one of four equalities; an
 * application may have reasons of its own, and what was rolled back counts too, so its records are only read again.
 */
export async function touchedRecords(
  session: Session,
  { writtenBy }: AuditRecords,
  { leaves }: RecordsShape,
  before: ReadingMemory['touched'],
  now: number,
): Promise<ReadingMemory['touched']> {
  if (writtenBy !== 'application') return undefined;
  const [row] = await session.query<{ count: number }>(TOUCHED, [leaves]);
  const count = row?.count ?? 0;
  if (before === undefined || before.count === count) return { open: 0, ...before, count };
  // Below it the statistics began again.
  const more = count < before.count ? count : count - before.count;
  return { count, open: before.open + more, at: now };
}

export function acceptTouched(own: ReadingMemory): ReadingMemory {
  return own.touched === undefined ? own : { ...own, touched: { ...own.touched, open: 0 } };
}

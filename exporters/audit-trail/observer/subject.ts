import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Facts } from '../database/facts.js';
import type { Subject } from './memory.js';

/** Undefined where there are no records. */
export function subjectOf({ records }: AuditTrail, { system, database }: Facts): Subject | undefined {
  if (records === undefined) return undefined;
  return { ...(system === undefined ? {} : { system }), database, table: records.table };
}

import type { AuditOperation } from '../../../../../pack/audit-trail/model.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';

const VOLUMES = (sql: RecordsSql, facts: Facts, window: RecordsWindow, since: bigint) => `
select ${sql.tableText('r')} as "table", r.op, count(*)::int as n,
       count(*) filter (where ${sql.txidOf('r', (xmin) => asXid8(xmin, facts.xmax))} >= ${since})::int as since_epoch
from ${sql.live} r where ${window.where('r')} and r.op is not null group by 1, 2`;

/** A SNAPSHOT is no change: it holds the row as it was when auditing began. */
export type RecordKind = AuditOperation | 'SNAPSHOT';

export interface Volume {
  /** As the records name it. */
  readonly table: string;
  readonly op: RecordKind;
  readonly n: number;
  /** Of transactions that began in this statistics epoch. */
  readonly since_epoch: number;
}

export async function countRecords(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: RecordsWindow,
  epochXmax: bigint,
): Promise<readonly Volume[]> {
  return await session.query<Volume & Record<string, unknown>>(VOLUMES(sql, facts, window, epochXmax), window.params);
}

/**
 * Changes that a later TRUNCATE of the same table undid in their own transaction. PostgreSQL then counts none of them, though
 * each called the trigger and has its record.
 */
const EMPTIED = (sql: RecordsSql, facts: Facts, window: RecordsWindow, since: bigint) => `
select count(distinct c.ord)::int as n from ${sql.live} r
join ${sql.live} c on c.txid = r.txid and c.ord < r.ord and ${sql.tableText('c')} = ${sql.tableText('r')}
where ${window.where('r')} and r.op = 'TRUNCATE' and c.op in ('INSERT', 'UPDATE', 'DELETE')
  and ${sql.txidOf('r', (xmin) => asXid8(xmin, facts.xmax))} >= ${since}`;

/** Asked only where there was a TRUNCATE, and where records say in which transaction they were written. */
export async function countEmptied(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: RecordsWindow,
  epochXmax: bigint,
): Promise<number> {
  if (sql.txidType === undefined) return 0;
  const [row] = await session.query<{ n: number }>(EMPTIED(sql, facts, window, epochXmax), window.params);
  return row?.n ?? 0;
}

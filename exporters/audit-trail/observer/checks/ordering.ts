import type { Session } from '../../../runtime/postgres/read-only.js';
import type { RecordsSql } from '../../records/sql.js';
import type { RecordsPoll } from '../check.js';
import { readGiven } from './identity.js';

/**
 * Histories are ordered by id. A sequence that was set back gives out ids again, and later records then sort before earlier
 * ones: checks that compare a record with the one before would report false faults. So this is asked after each page with
 * findings, before they count.
 */
export async function isOrderLost({ known, sql }: RecordsPoll, session: Session): Promise<boolean> {
  if (known.orderLost !== undefined) return true;
  const { epoch, checks } = known;
  // A crash takes back ids of uncommitted transactions, so ids must not decrease only within an epoch.
  if (checks.identity.given === undefined || checks.identity.epoch !== epoch?.startedAt) return false;
  const given = await readGiven(session, sql);
  return given !== undefined && given < BigInt(checks.identity.given);
}

/** For people: why nothing can be said, and how to fix it. */
export function orderLostText(
  { orderLost }: { readonly orderLost?: { readonly at: number } | undefined },
  sql: RecordsSql | undefined,
): string | undefined {
  if (orderLost === undefined) return undefined;
  const { sequence } = sql?.shape ?? {};
  const table = sql?.records.table ?? 'the audit table';
  const id = sql?.records.columns.id.column ?? 'id';
  return `ids were given out a second time, so records cannot be put in order: SELECT setval('${sequence?.name ?? 'the sequence'}', (SELECT max(${id}) FROM ${table})), then declare a baseline that names no table`;
}

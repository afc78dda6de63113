import type { Session } from '../../../runtime/postgres/read-only.js';
import type { RecordsSql } from '../../records/sql.js';
import type { RecordsPoll } from '../check.js';
import { readGiven } from './identity.js';

/**
 * Histories are in the order of ids, which a sequence that was set back gives out again: later records then stand
 * before earlier ones, and every check that looks for the one before would find faults that are none. So it is asked
 * after each page that shows any, before they are believed.
 */
export async function isOrderLost({ known, sql }: RecordsPoll, session: Session): Promise<boolean> {
  if (known.orderLost !== undefined) return true;
  const { epoch, checks } = known;
  // A crash takes ids back that nobody saw; only within an epoch must they never fall.
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

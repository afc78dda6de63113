import type { Session } from '../../runtime/postgres/read-only.js';
import type { TrailContext } from './context.js';
import { readGiven } from './identity.js';

/**
 * Histories are in the order of ids, which a sequence that was set back gives out again: later records then stand
 * before earlier ones, and every check that looks for the one before would find faults that are none. So it is asked
 * after each page that shows any, before they are believed.
 */
export async function isOrderLost(context: TrailContext, session: Session): Promise<boolean> {
  const { memory, sql, options } = context;
  if (memory.orderLost !== undefined) return true;
  const { identity, epoch } = memory;
  // A crash takes ids back that nobody saw; only within an epoch must they never fall.
  if (sql === undefined || identity?.given === undefined || identity.epoch !== epoch?.startedAt) return false;
  const given = await readGiven(session, sql);
  if (given === undefined || given >= BigInt(identity.given)) return false;
  memory.orderLost = { at: options.now() };
  return true;
}

/** For people: why nothing can be said, and what mends it. */
export function orderLostText({ memory, sql }: TrailContext): string | undefined {
  if (memory.orderLost === undefined) return undefined;
  const { sequence } = sql?.shape ?? {};
  const table = sql?.records.table ?? 'the audit table';
  const id = sql?.records.columns.id.column ?? 'id';
  return `ids were given out a second time, so records cannot be put in order: SELECT setval('${sequence?.name ?? 'the sequence'}', (SELECT max(${id}) FROM ${table})), then declare a baseline that names no table`;
}

import { z } from 'zod';
import { sqlState } from '../../runtime/postgres/failure.js';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import { identitySql } from '../database/facts.js';
import type { SealSession } from './session.js';
import type { DatabaseIdentity } from './statement.js';

/** Which database this is, and how far its transactions are. */
export interface DatabaseState {
  readonly identity: DatabaseIdentity;
  /** Below this, every transaction has ended: what is committed is in the snapshot. */
  readonly xmin: string;
  readonly xmax: string;
  readonly now: Date;
}

const snapshot = z.object({ name: z.string(), xmin: z.string(), xmax: z.string(), now: z.date() });
const identityRow = z.object({ system: z.string(), timeline: z.int() });

/**
 * Of the running snapshot. `pg_current_xact_id()` would allocate a transaction id even here; this never does.
 */
export async function readSnapshot(
  session: SealSession,
): Promise<Omit<DatabaseState, 'identity'> & { readonly name: string }> {
  return session.one(
    `SELECT current_database() AS name, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
            pg_snapshot_xmax(pg_current_snapshot())::text AS xmax, clock_timestamp() AS now`,
    snapshot,
  );
}

/**
 * Outside of any transaction, because a role that may not call these functions would spoil it. Without them, a
 * database that went back in time is still recognised by its transaction counter.
 */
export async function readIdentity(session: SealSession): Promise<Omit<DatabaseIdentity, 'name'>> {
  try {
    return await session.one(identitySql, identityRow);
  } catch (error) {
    if (sqlState(error) === '42501' || sqlState(error) === '42883') return {};
    throw error;
  }
}

const oldest = z.object({ allowed: z.boolean(), before: z.string() });

/**
 * For tables without an xid8 column: no transaction that is still open began before this time, so a record whose time
 * the database set after the start of its transaction is visible by now. To be read before the snapshot is taken.
 */
export async function readOldestStart(session: SealSession, marginMs: number): Promise<string> {
  const row = await session.one(
    `SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS allowed,
            to_char(timezone('UTC', least(clock_timestamp(),
               (SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()),
               (SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database()))
             - interval '1 ms' * ${Math.max(1_000, Math.round(marginMs))}), 'YYYY-MM-DD HH24:MI:SS.US+00') AS before`,
    oldest,
  );
  if (!row.allowed) {
    throw new SealUnavailable(
      'the role cannot see when other transactions began, so it is unknown which records may still come; GRANT pg_read_all_stats to it',
    );
  }
  return row.before;
}

/** Undefined when the same database went on; otherwise what speaks against it. */
export function whyNotSame(
  before: { readonly database: DatabaseIdentity; readonly snapshot: { readonly xmax: string } },
  now: DatabaseState,
): string | undefined {
  const { system, timeline, name } = before.database;
  const at = now.identity;
  if (name !== at.name) return `the log is of database ${name}, this is ${at.name}`;
  if (system !== undefined && at.system !== undefined && system !== at.system) {
    return `the log is of the cluster ${system}, this is ${at.system}`;
  }
  if (timeline !== undefined && at.timeline !== undefined && timeline !== at.timeline) {
    return `the log is of timeline ${timeline}, this is ${at.timeline}: a restore or a failover took place`;
  }
  if (BigInt(now.xmax) < BigInt(before.snapshot.xmax)) {
    return `the transaction counter went back from ${before.snapshot.xmax} to ${now.xmax}: an older state was restored`;
  }
  return undefined;
}

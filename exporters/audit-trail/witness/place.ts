import type { ReadOnlyDatabase, Session } from '../../runtime/postgres/read-only.js';
import { PlaceLost, Unknowable } from './unknowable.js';
import { fullXid, later } from './xid.js';

/** Where a poll ends: all transactions below `xmin` are over, and what they wrote lies before `lsn`. */
export interface Place {
  readonly lsn: string;
  readonly xmin: bigint;
  readonly timeline: string;
  readonly system: string;
}

/**
 * @throws {Unknowable} when this server cannot be witnessed at all.
 */
export async function currentPlace(session: Session): Promise<Place> {
  const [row] = await session.query<{ standby: boolean; level: string; xmin: string }>(
    `select pg_is_in_recovery() as standby, current_setting('wal_level') as level,
            pg_snapshot_xmin(pg_current_snapshot())::text as xmin`,
  );
  if (row === undefined || row.standby) {
    throw new Unknowable('the witness reached a standby', 'name the primary in witness.database');
  }
  if (row.level !== 'logical') {
    throw new Unknowable(
      `wal_level is ${row.level}, so the log cannot be decoded`,
      "ALTER SYSTEM SET wal_level = 'logical' and restart",
    );
  }
  // After the snapshot: whatever it shows as ended has written its end before this place.
  const [at] = await session.query<{ lsn: string; timeline: string }>(
    'select l::text as lsn, left(pg_walfile_name(l), 8) as timeline from pg_current_wal_insert_lsn() l',
  );
  if (at === undefined) throw new Error('the server told no place in its log');
  return { ...at, xmin: BigInt(row.xmin), system: await systemOf(session) };
}

/**
 * @throws {PlaceLost} when ids and places of before mean nothing here.
 */
export function sameHistory(now: Place, before: Place): void {
  if (now.timeline === before.timeline && now.system === before.system) return;
  throw new PlaceLost('this is another server or timeline than before: a failover or a restore came between');
}

/** Another server under the same address has ids and places of its own. */
async function systemOf(session: Session): Promise<string> {
  const [row] = await session.query<{ system: string | null }>(
    `select case when has_function_privilege('pg_control_system()', 'execute')
       then (select system_identifier::text from pg_control_system()) end as system`,
  );
  return row?.system ?? '';
}

/**
 * The least transaction id of which everything lies behind `place`: counting begins there.
 *
 * Whoever had an id when `place` was read either still holds it as a lock, or has ended before the snapshot. For that
 * the locks have to be read after the place and before the snapshot, so each is read in a transaction of its own.
 */
export async function firstXid(database: ReadOnlyDatabase, signal: AbortSignal): Promise<bigint> {
  const held = await database.read(signal, (session) =>
    session.query<{ xid: string }>(
      `select transactionid::text as xid from pg_locks where locktype = 'transactionid' and transactionid is not null`,
    ),
  );
  const [row] = await database.read(signal, (session) =>
    session.query<{ xmax: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax'),
  );
  const xmax = BigInt(row?.xmax ?? '0');
  return held.map(({ xid }) => fullXid(xid, xmax) + 1n).reduce(later, xmax);
}

import type { Session } from '../../runtime/postgres/read-only.js';

const FACTS = `
select current_setting('server_version_num')::int as version,
       pg_is_in_recovery() as standby,
       current_database() as database,
       current_user as role,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       pg_snapshot_xmin(pg_current_snapshot())::text as xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text as xmax,
       extract(epoch from clock_timestamp())::float8 as clock,
       pg_postmaster_start_time()::text as postmaster_start,
       (select stats_reset::text from pg_stat_database where datname = current_database()) as stats_reset,
       current_setting('track_counts') = 'on' as track_counts,
       current_setting('track_functions') as track_functions,
       current_setting('track_commit_timestamp') = 'on' as track_commit_timestamp,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as reads_all_stats,
       has_function_privilege('pg_control_system()', 'execute')
         and has_function_privilege('pg_control_checkpoint()', 'execute') as reads_control`;

/**
 * A setting of the database reaches new sessions only: those of a pool go on as they were. When it was set is known where moments
 * of commit are kept; the catalogue's row is written anew with each setting, so that it may be later than this one was.
 */
const UNCOUNTED_SESSIONS = `
select s.since::text as since, (select count(*)::int from pg_stat_activity a
       where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
         and a.backend_start < s.since) as sessions
from (select pg_xact_commit_timestamp(d.xmin) as since from pg_db_role_setting d
      where d.setdatabase = (select oid from pg_database where datname = current_database()) and d.setrole = 0
        and exists (select from unnest(d.setconfig) c where c like 'track_functions=%')
        and exists (select from pg_settings p where p.name = 'track_functions' and p.source = 'database')) s
where s.since is not null`;

export interface UncountedSessions {
  readonly sessions: number;
  /** When the setting was made, as the server writes it. */
  readonly since: string;
}

/** Sessions from before calls of functions were counted, as far as this role can see them; undefined when there is none. */
export async function readUncountedSessions(session: Session): Promise<UncountedSessions | undefined> {
  const [row] = await session.query<{ since: string; sessions: number }>(UNCOUNTED_SESSIONS);
  return row === undefined || row.sessions === 0 ? undefined : row;
}

/**
 * Apart from the others, because a host may refuse them. The control file tells the timeline of the last checkpoint; after a
 * promotion, the name of the write-ahead log is ahead of it.
 */
export const identitySql = `
select s.system_identifier::text as system,
       greatest(c.timeline_id, case when pg_is_in_recovery() then 0 else
         ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end) as timeline
from pg_control_system() s, pg_control_checkpoint() c`;

export interface Facts {
  readonly version: number;
  readonly standby: boolean;
  readonly database: string;
  readonly role: string;
  readonly superuser: boolean;
  /** Every transaction below is over, in xid8 space. */
  readonly xmin: bigint;
  /** No transaction at or above has begun. */
  readonly xmax: bigint;
  /** The server's clock in seconds, and ours at the middle of the round trip. */
  readonly clock: number;
  readonly ourClock: number;
  readonly postmasterStart: string;
  readonly statsReset: string | undefined;
  readonly trackCounts: boolean;
  readonly trackFunctions: string;
  readonly trackCommitTimestamp: boolean;
  readonly readsAllStats: boolean;
  /** `undefined` where the host does not let us ask. */
  readonly system: string | undefined;
  readonly timeline: number | undefined;
}

interface FactsRow {
  version: number;
  standby: boolean;
  database: string;
  role: string;
  superuser: boolean | null;
  xmin: string;
  xmax: string;
  clock: number;
  postmaster_start: string;
  stats_reset: string | null;
  track_counts: boolean;
  track_functions: string;
  track_commit_timestamp: boolean;
  reads_all_stats: boolean;
  reads_control: boolean;
}

export async function readFacts(session: Session): Promise<Facts> {
  const before = Date.now();
  const [row] = await session.query<FactsRow>(FACTS);
  const after = Date.now();
  if (row === undefined) throw new Error('the server did not describe itself');
  const [identity] = row.reads_control
    ? await session.query<{ system: string; timeline: number }>(identitySql)
    : [{ system: undefined, timeline: undefined }];
  return {
    version: row.version,
    standby: row.standby,
    database: row.database,
    role: row.role,
    superuser: row.superuser === true,
    xmin: BigInt(row.xmin),
    xmax: BigInt(row.xmax),
    clock: row.clock,
    ourClock: (before + after) / 2000,
    postmasterStart: row.postmaster_start,
    statsReset: row.stats_reset ?? undefined,
    trackCounts: row.track_counts,
    trackFunctions: row.track_functions,
    trackCommitTimestamp: row.track_commit_timestamp,
    readsAllStats: row.reads_all_stats,
    system: identity?.system,
    timeline: identity?.timeline,
  };
}

/** A 32-bit xid column as xid8: the newest one at or below the snapshot's end that ends in the same 32 bits. */
export function asXid8(xid: string, xmax: bigint): string {
  const value = `${xid}::text::bigint`;
  return `case when ${value} < 3 then 0 else ${xmax}::bigint - ((${xmax}::bigint - ${value}) & 4294967295) end`;
}

/** The same of one that was read already. */
export function toXid8(xid: string, xmax: bigint): bigint {
  const value = BigInt(xid);
  return value < 3n ? 0n : xmax - ((xmax - value) & 4294967295n);
}

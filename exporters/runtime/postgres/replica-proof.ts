import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { hasReached, parseLsn } from './lsn.js';

/** One query; each row as the driver gives it. */
export type Ask = (sql: string, params?: readonly string[]) => Promise<readonly unknown[]>;

/** What a replica shows cannot be taken for what the primary holds. The message says why. */
export class UnprovenReplica extends Error {
  override readonly name = 'UnprovenReplica';
  /** It is a standby of the primary that has not come as far yet. */
  readonly isBehind: boolean;
  readonly fixes: readonly string[];

  constructor(reason: string, options: { isBehind?: boolean; fixes?: readonly string[]; cause?: unknown } = {}) {
    super(reason, { cause: options.cause });
    this.isBehind = options.isBehind === true;
    this.fixes = options.fixes ?? [];
  }
}

const MAY_READ_CONTROL = `pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
  and pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute')`;

const PRIMARY = `select pg_is_in_recovery() as standby, current_database() as database, current_user as role,
  case when not pg_is_in_recovery() then pg_current_wal_insert_lsn()::text end as inserted,
  case when not pg_is_in_recovery() then pg_current_wal_flush_lsn()::text end as flushed,
  case when not pg_is_in_recovery() then
    ('x' || lpad(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), 8, '0'))::bit(32)::int end as timeline,
  current_setting('wal_block_size')::int as page,
  (select setting::int from pg_settings where name = 'wal_writer_delay') as delay,
  ${MAY_READ_CONTROL} as reads_control`;

const REPLICA = `select pg_is_in_recovery() as standby, current_database() as database, current_user as role,
  pg_last_wal_replay_lsn()::text as replayed,
  case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end as paused,
  pg_postmaster_start_time()::text as started,
  (select received_tli from pg_stat_wal_receiver) as receiving,
  pg_catalog.has_function_privilege('pg_catalog.pg_control_recovery()', 'execute') as reads_recovery,
  ${MAY_READ_CONTROL} as reads_control`;

/** Apart, because who may not call these functions would abort the transaction. */
const SYSTEM = 'select system_identifier::text as system from pg_control_system()';
const CHECKPOINT = 'select timeline_id as timeline from pg_control_checkpoint()';
const RECOVERY = 'select min_recovery_end_timeline as timeline from pg_control_recovery()';
const STILL = 'select pg_is_in_recovery() as standby, pg_postmaster_start_time()::text as started';

const primaryRow = z.object({
  standby: z.boolean(),
  database: z.string(),
  role: z.string(),
  inserted: z.string().nullable(),
  flushed: z.string().nullable(),
  timeline: z.int().nullable(),
  page: z.int(),
  delay: z.int(),
  reads_control: z.boolean(),
});
const replicaRow = z.object({
  standby: z.boolean(),
  database: z.string(),
  role: z.string(),
  replayed: z.string().nullable(),
  paused: z.boolean(),
  started: z.string(),
  receiving: z.int().nullable(),
  reads_recovery: z.boolean(),
  reads_control: z.boolean(),
});
const systemRow = z.object({ system: z.string() });
const timelineRow = z.object({ timeline: z.int().nullable() });
const stillRow = z.object({ standby: z.boolean(), started: z.string() });

async function one<T>(ask: Ask, sql: string, row: z.ZodType<T>): Promise<T> {
  const [first] = await ask(sql);
  return row.parse(first);
}

/** Where the primary is: what a replica must have come to. */
export interface PrimaryPosition {
  readonly database: string;
  readonly system: string;
  readonly timeline: number;
  readonly inserted: bigint;
  readonly flushed: bigint;
  readonly pageBytes: bigint;
  /** By then, every commit that could be seen is on the primary's disk, also with `synchronous_commit` off. */
  readonly settlesInMs: number;
}

/** Which server answered; behind a balancer, the next transaction may come to another. */
export interface ProvenServer {
  readonly started: string;
}

/** How often the writer of the log may have to come until an asynchronous commit is on the disk. */
const WRITER_TURNS = 3;
const MARGIN_MS = 100;
const POLL_MS = 50;

/** @throws {UnprovenReplica} when this server cannot say where it is. */
export async function readPrimary(ask: Ask): Promise<PrimaryPosition> {
  const row = await one(ask, PRIMARY, primaryRow);
  if (row.standby || row.inserted === null || row.flushed === null || row.timeline === null)
    throw new UnprovenReplica('`database` is itself a standby, so nothing tells how far the replica must have come', {
      fixes: ['point `database` at the primary, and `replica` at the standby'],
    });
  if (!row.reads_control) throw unreadable('the primary', row.role);
  const { system } = await one(ask, SYSTEM, systemRow);
  return {
    database: row.database,
    system,
    timeline: row.timeline,
    inserted: parseLsn(row.inserted),
    flushed: parseLsn(row.flushed),
    pageBytes: BigInt(row.page),
    settlesInMs: WRITER_TURNS * row.delay + MARGIN_MS,
  };
}

function unreadable(where: string, role: string): UnprovenReplica {
  return new UnprovenReplica(
    `${role} may not read the system identifier on ${where}, so it is not known whether the replica is one of this database`,
    {
      fixes: [
        `GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint(), pg_control_recovery() TO ${role}`,
      ],
    },
  );
}

export interface ReplicaProofOptions {
  readonly primary: <T>(work: (ask: Ask) => Promise<T>) => Promise<T>;
  /** In a transaction of its own each time. */
  readonly replica: <T>(work: (ask: Ask) => Promise<T>) => Promise<T>;
  /** How long it may take to come to where the primary was. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Proves that a replica is a standby in recovery of this very primary, on the same timeline, and that it has replayed
 * all that the primary had committed when this was called. A snapshot that is taken afterwards holds it, if
 * `confirmReplica` then finds the same server still in recovery.
 *
 * @throws {UnprovenReplica} what is not so, or not known.
 */
export async function proveReplica(options: ReplicaProofOptions): Promise<ProvenServer> {
  const { primary, replica, waitMs, signal } = options;
  const begunAt = performance.now();
  const position = await primary(readPrimary);
  let target = position.inserted;
  let isSettled = false;
  for (;;) {
    signal.throwIfAborted();
    const { replayed, started, isPaused } = await replica((ask) => readReplica(ask, position));
    if (replayed > position.inserted) await refuseAhead(options, replayed);
    if (hasReached(replayed, target, position.pageBytes)) return { started };
    const waitedMs = performance.now() - begunAt;
    if (isPaused || waitedMs >= waitMs) throw behind(position, replayed, isPaused);
    if (!isSettled && waitedMs >= position.settlesInMs) {
      isSettled = true;
      // What is not on the disk by now belongs to no commit that was seen: a transaction that is still open, for example.
      const { flushed } = await primary(readPrimary);
      if (flushed < target) target = flushed;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** The first query of the transaction whose snapshot is judged. */
export async function confirmReplica(ask: Ask, { started }: ProvenServer): Promise<void> {
  const now = await one(ask, STILL, stillRow);
  if (!now.standby) throw notInRecovery();
  if (now.started !== started)
    throw new UnprovenReplica('another server answers at the address of the replica than a moment ago', {
      fixes: ['give `replica` the address of one standby, not that of a balancer'],
    });
}

interface ReplicaPosition extends ProvenServer {
  readonly replayed: bigint;
  readonly isPaused: boolean;
}

async function readReplica(ask: Ask, position: PrimaryPosition): Promise<ReplicaPosition> {
  const row = await one(ask, REPLICA, replicaRow);
  if (!row.standby) throw notInRecovery();
  if (!row.reads_control) throw unreadable('the replica', row.role);
  const { system } = await one(ask, SYSTEM, systemRow);
  if (system !== position.system)
    throw new UnprovenReplica(
      `the replica belongs to the cluster ${system}, the database to ${position.system}: it is no standby of it`,
      { fixes: ['point `replica` at a physical standby of `database`'] },
    );
  if (row.database !== position.database)
    throw new UnprovenReplica(`the replica shows the database ${row.database} in place of ${position.database}`, {
      fixes: ['name the same database in `database.url` and `replica.url`'],
    });
  const timeline = await timelineOf(ask, row);
  if (timeline !== position.timeline) throw otherTimeline(timeline, position.timeline, row);
  if (row.replayed === null) throw new UnprovenReplica('the replica does not say how far it has replayed');
  return { replayed: parseLsn(row.replayed), started: row.started, isPaused: row.paused };
}

/** The newest that it is known to follow. The control file of a standby is written now and then only. */
async function timelineOf(ask: Ask, row: z.infer<typeof replicaRow>): Promise<number> {
  const checkpoint = await one(ask, CHECKPOINT, timelineRow);
  const recovery = row.reads_recovery ? await one(ask, RECOVERY, timelineRow) : { timeline: 0 };
  return Math.max(checkpoint.timeline ?? 0, recovery.timeline ?? 0, row.receiving ?? 0);
}

function otherTimeline(own: number, wanted: number, { role, receiving }: z.infer<typeof replicaRow>): UnprovenReplica {
  if (own > wanted || receiving !== null)
    return new UnprovenReplica(
      `the replica follows timeline ${own}, the database writes timeline ${wanted}: a promotion parted them`,
      { fixes: ['make the standby anew from `database`, or let it follow: recovery_target_timeline = latest'] },
    );
  return new UnprovenReplica(
    `the replica is only known to follow timeline ${own}, and the database writes timeline ${wanted}`,
    { fixes: [`GRANT pg_read_all_stats TO ${role}; without it, it is known after the next checkpoint`] },
  );
}

/** A standby is never ahead of its primary. One that is replays the log of another server. */
async function refuseAhead({ primary }: ReplicaProofOptions, replayed: bigint): Promise<void> {
  const { inserted } = await primary(readPrimary);
  if (replayed > inserted)
    throw new UnprovenReplica('the replica is ahead of the database, so it follows another server', {
      fixes: ['point `replica` at a physical standby of `database`'],
    });
}

function notInRecovery(): UnprovenReplica {
  return new UnprovenReplica(
    'the server that `replica` names is not in recovery, so it is no standby: it was promoted, or is a copy or a logical subscriber',
    { fixes: ['point `replica` at a physical standby of `database`, or leave it out'] },
  );
}

function behind(position: PrimaryPosition, replayed: bigint, isPaused: boolean): UnprovenReplica {
  const bytes = position.inserted - replayed;
  return new UnprovenReplica(
    `the replica is behind the primary by ${bytes} bytes${isPaused ? ' and its replay is paused' : ''}`,
    {
      isBehind: true,
      fixes: isPaused ? ['SELECT pg_wal_replay_resume() on the replica'] : [],
    },
  );
}

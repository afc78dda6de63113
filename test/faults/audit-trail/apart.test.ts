/**
 * Faults of a whole server, each on one that no other test looks at; and beside them, on a third, what is no fault:
 * it must stay silent for as long as the soak lasts.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstalledServer, type Office, startInstalled } from '../../support/audit-trail/installed.js';
import type { TestServer } from '../../support/postgres/majors.js';
import type { Shows } from './cases.js';
import { CUT_OFF, innocents } from './innocents.js';
import { stated } from './promised.js';
import { Soak, type SoakResult } from './soak.js';
import { proven, watchFor } from './trial.js';

const isLong = process.env.KOP_LONG === '1';
const SOAK_SECONDS = Number(process.env.KOP_SOAK_SECONDS ?? (isLong ? 600 : 60));
const run = promisify(execFile);
const accounts = 'public.accounts';
const ann = "set audit.actor = 'ann'; set audit.application = 'portal'";

const lagging: Shows = { watermark_lag_seconds: 1 };
const crashed: Shows = { 'epoch_changes_total postmaster_restart': 1 };
const restored: Shows = { 'epoch_changes_total timeline': 1 };
const unattributed = (n: number): Shows => ({ 'attribution_missing_total actor': n, 'actor_records_total none': n });
const missed: Shows = {
  'counter_residual operations_calls': 2,
  [`table_state ${accounts}`]: 'confirmed',
  [`missing_events_total ${accounts} INSERT`]: 2,
  [`replay_mismatches ${accounts} missing_record`]: 2,
};

describe('a server apart', { shuffle: false }, () => {
  let installed: InstalledServer<TestServer>;
  let soaked: InstalledServer<TestServer>;
  let soak: Promise<SoakResult>;

  beforeAll(async () => {
    soaked = await startInstalled(17, { autovacuum: 'on', synchronous_commit: 'on' });
    soak = Soak.run(soaked, { seconds: SOAK_SECONDS, happenings: innocents });
    // Awaited in the last test.
    soak.catch(() => undefined);
    installed = await startInstalled(17, { synchronous_commit: 'on' });
  });
  afterAll(async () => {
    await Promise.all([installed.close(), soaked.close()]);
  });

  test(`34 a transaction that commits late raises the lag, and is read when it does${stated(lagging)}`, {
    timeout: 180_000,
  }, async () => {
    await proven(installed, {}, async (watched) => {
      const { office, watchman } = watched;
      const late = await office.connect();
      await late.query(`${ann}; begin; update accounts set balance = 85 where id = 14`);
      await watchFor(watched, { shows: lagging });
      await late.query('update accounts set balance = 86 where id = 14; commit');
      await watchFor(watched, { shows: {}, mayPass: ['watermark_lag_seconds'] });
      await office.writers.stop();
      const rounds = watchman.rounds;
      await watchman.until(() => watchman.rounds > rounds + 2, 20_000);
      expect(watchman.recordsRead).toBe(await recordsIn(office));
    });
  });

  test(`35 a prepared transaction that nobody ends raises the lag${stated(lagging)}`, {
    timeout: 180_000,
  }, async () => {
    await proven(installed, {}, async (watched) => {
      const { office } = watched;
      const name = `orphan_${office.name}`;
      await office.sql(`${ann}; begin; update accounts set balance = 87 where id = 15; prepare transaction '${name}'`);
      try {
        await watchFor(watched, { shows: lagging });
      } finally {
        await office.sql(`rollback prepared '${name}'`);
      }
      await watchFor(watched, { shows: {}, mayPass: ['watermark_lag_seconds'] });
    });
  });

  describe.each([
    { is: 'ordinary', isMissed: true, shows: missed },
    {
      is: 'enabled always',
      isMissed: false,
      shows: { ...unattributed(2), 'attribution_missing_total application': 2 },
    },
  ])('15 rows that a subscription brings, where the trigger is $is', ({ isMissed, shows }) => {
    test(`${isMissed ? 'are missing' : 'are recorded, without an actor'}${stated(shows)}`, {
      timeout: 180_000,
    }, async () => {
      const prepare = isMissed ? 'alter table accounts enable trigger kop_audit_row' : undefined;
      await proven(installed, { prepare }, async (watched) => {
        await replicateTwoRows(watched.office);
        await watchFor(watched, { shows });
      });
    });
  });

  test(`24 a crash leaves gaps, and counters at nothing: unknown, then proven again${stated(crashed)}`, {
    timeout: 180_000,
  }, async () => {
    await proven(installed, {}, async (watched) => {
      await installed.server.stop('immediate');
      await installed.server.start();
      await watchFor(watched, { shows: crashed, interrupts: true });
      expect(watched.watchman.seen(accounts)).toContain('unknown');
    });
  });

  test(`36 a server restored from an older copy is another history${stated(restored)}`, {
    timeout: 240_000,
  }, async () => {
    await proven(installed, {}, async (watched) => {
      const { watchman, office } = watched;
      const { server } = installed;
      const copy = `${server.data}.copy`;
      await server.stop('fast');
      await run('cp', ['-a', server.data, copy]);
      await server.start();
      const [parted] = await office.sql('select pg_current_xact_id()::text as xid');
      expect(await watchman.untilProven(60_000)).toBe(true);
      // A record of after the copy was read, and so long ago that no crash could have taken it back.
      const isPastCopy = () =>
        BigInt(watchman.observer.state.memory.checks.reading.landmark?.xid ?? 0) > BigInt(parted?.rows[0].xid);
      expect(await watchman.until(isPastCopy, 60_000)).toBeDefined();
      await office.sql(`${ann}; update accounts set balance = 88 where id = 16`);
      const later = { ...watched, before: watchman.verdict() };
      const read = watchman.recordsRead;
      const written = await recordsIn(office);
      await server.stop('fast');
      await run('rm', ['-r', server.data]);
      await run('mv', [copy, server.data]);
      await server.start();
      await watchFor(later, { shows: restored, interrupts: true });
      expect(watchman.seen(accounts)).toContain('unknown');
      expect(await recordsIn(office)).toBeLessThan(written + watchman.recordsRead - read);
      // Nothing of what is written since is passed over, though its transactions have numbers that were seen before.
      await office.sql('update accounts set balance = 89 where id = 17');
      await watchFor(later, {
        shows: { ...restored, ...unattributed(1) },
        interrupts: true,
      });
    });
  });

  test(`no alarm in ${SOAK_SECONDS} s`, { timeout: (SOAK_SECONDS + 240) * 1000 }, async () => {
    const result = await soak;
    const { crashes, happened, alarms, isProven, remains } = result;
    expect({ alarms, isProven }).toEqual({ alarms: [], isProven: true });
    expect(Object.keys(happened).sort()).toEqual(innocents.map(({ name }) => name).sort());
    const {
      'fingerprint_changes_total trigger': maintained,
      'counter_residual operations_calls': changes,
      'unaccounted_changes operations_calls above': above,
      'unaccounted_changes_total operations_calls above': everAbove,
      'counter_residual calls_records': calls = 0,
      'unaccounted_changes calls_records below': below = 0,
      'unaccounted_changes_total calls_records below': everBelow = 0,
      ...rest
    } = remains;
    expect(rest).toEqual({ 'epoch_changes_total postmaster_restart': crashes });
    // Tickets for the four rows of each statement that fails midway, and for what was cut off: up to ten rows of a statement, and
    // one of a session. A maintenance of one table explains its three changes, and leaves none.
    const {
      'a statement that fails midway': failed = 0,
      'statements that are cut off by a time-out': cutOff = 0,
      'sessions that are terminated while they write': terminated = 0,
    } = happened;
    expect(Number(above)).toBeGreaterThanOrEqual(4 * failed);
    expect(Number(above)).toBeLessThanOrEqual(4 * failed + CUT_OFF * (10 * cutOff + terminated));
    expect([changes, everAbove]).toEqual([above, above]);
    expect(Number(below)).toBeLessThanOrEqual(CUT_OFF * (10 * cutOff + terminated));
    expect([calls, everBelow]).toEqual([0 - Number(below), below]);
    expect(Number(maintained)).toBeGreaterThanOrEqual(happened['planned maintenance'] ?? 1);
    expect(result.seconds).toBeGreaterThanOrEqual(SOAK_SECONDS);
    expect(result.recordsRead).toBe(result.recordsWritten);
    const share = result.rolledBack / (result.rolledBack + result.committed);
    expect(share).toBeGreaterThan(0.1);
    console.info(
      `${Math.round(result.seconds)} s, ${result.committed} transactions, ${Math.round(share * 100)} % rolled back`,
    );
  });
});

async function recordsIn(office: Office): Promise<number> {
  const [found] = await office.sql("select count(*)::int as n from audit.log where op <> 'SNAPSHOT'");
  return Number(found?.rows[0]?.n);
}

/** From another database of the same server; the slot is made apart, because making it would wait for us. */
async function replicateTwoRows(office: Office): Promise<void> {
  const { server } = office.server;
  const name = `publisher_${office.name}`;
  const source = new URL(await server.database(name));
  const dsn = `host=127.0.0.1 port=${source.port} dbname=${name} user=${source.username} password=${source.password}`;
  const slot = `slot_${office.name}`;
  const publisher = new pg.Client({ connectionString: source.toString() });
  publisher.on('error', () => undefined);
  await publisher.connect();
  try {
    await publisher.query(
      `create table accounts (id bigint primary key, name text, balance numeric(14,2), score float8, opened timestamptz default now(), details jsonb);
       create publication p for table accounts`,
    );
    await publisher.query(`select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    await office.sql(
      `create subscription s connection '${dsn}' publication p with (create_slot = false, slot_name = '${slot}', copy_data = false)`,
    );
    await publisher.query("insert into accounts (id, name, balance) values (800001, 'far', 1), (800002, 'away', 2)");
    for (let applied = 0; applied < 2; ) {
      const [found] = await office.sql('select count(*)::int as n from accounts where id in (800001, 800002)');
      applied = Number(found?.rows[0]?.n);
    }
    await office.sql(
      'alter subscription s disable',
      'alter subscription s set (slot_name = none)',
      'drop subscription s',
    );
    await publisher.query(
      `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${slot}' and active_pid is not null`,
    );
  } finally {
    await publisher.end();
  }
}

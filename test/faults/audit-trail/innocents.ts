import { setTimeout as sleep } from 'node:timers/promises';
import { declare } from '../../../exporters/audit-trail/observer/verdict/declarations.js';
import type { Office } from '../../support/audit-trail/installed.js';
import { testPaces } from '../../support/audit-trail/watchman.js';
import type { Innocent } from './soak.js';

/** On a busy machine a lock is waited for, and what is done after the window is no maintenance. */
const MAINTENANCE_MS = 6000;

const ann = "set audit.actor = 'ann'; set audit.application = 'portal'";
const sql =
  (...texts: readonly string[]) =>
  async (office: Office): Promise<void> => {
    await office.sql(...texts);
  };

/** Statements or sessions at once. */
export const CUT_OFF = 5;
/** Who is cut off between two counters leaves them apart. */
const cutOff = [
  'counter_residual operations_calls',
  'counter_residual calls_records',
  ...['unaccounted_changes', 'unaccounted_changes_total'].flatMap((family) => [
    `${family} operations_calls above`,
    `${family} calls_records below`,
  ]),
];

export const innocents: readonly Innocent[] = [
  {
    fault: 22,
    name: 'a rollback, and one to a savepoint',
    happens: sql(
      `${ann}; begin; insert into accounts (name) select 'r' from generate_series(1, 40); rollback`,
      `${ann}; begin; savepoint s; update accounts set balance = 1 where id <= 5; rollback to s; update accounts set score = 1 where id = 2; commit`,
    ),
  },
  {
    fault: 23,
    name: 'ids that a session took and did not use',
    happens: sql("select nextval('audit.log_id_seq') from generate_series(1, 20)"),
  },
  {
    fault: 24,
    name: 'a crash',
    happens: async (_office, soak) => {
      soak.interrupt();
      await soak.server.stop('immediate');
      await soak.server.start();
      soak.crashes += 1;
    },
    may: ['epoch_changes_total postmaster_restart'],
  },
  {
    fault: 50,
    name: 'a statement that fails midway',
    happens: sql(
      "do $$ begin insert into accounts (id, name) select i, 'f' from unnest(array[70000, 70001, 70002, 1]) i; exception when unique_violation then null; end $$",
    ),
    may: [
      'counter_residual operations_calls',
      'unaccounted_changes operations_calls above',
      'unaccounted_changes_total operations_calls above',
    ],
  },
  {
    fault: 50,
    name: 'statements that are cut off by a time-out',
    happens: async (office) => {
      const slow = `${ann}; set statement_timeout = '40ms'; update accounts set balance = 5 where id between 11 and 20 and pg_sleep(0.015) is not null`;
      for (let i = 0; i < CUT_OFF; i += 1) await office.sql(slow).catch(() => undefined);
    },
    may: cutOff,
  },
  {
    fault: 50,
    name: 'sessions that are terminated while they write',
    happens: async (office) => {
      const sessions = await Promise.all(Array.from({ length: CUT_OFF }, () => office.connect()));
      const work = sessions.map((session, n) =>
        session
          .query(
            `${ann}; do $$ begin for i in 1..1000 loop update accounts set balance = i where id = ${11 + n}; end loop; end $$`,
          )
          .catch(() => undefined),
      );
      await sleep(60);
      await office.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%for i in 1..1000%' and pid <> pg_backend_pid()",
      );
      await Promise.all(work);
      await Promise.all(sessions.map((session) => session.end().catch(() => undefined)));
    },
    may: cutOff,
  },
  {
    name: 'columns of other types, and one that goes',
    happens: sql(
      'alter table holdings add column if not exists old_N text',
      `${ann}; begin; alter table holdings alter column fund type varchar(200); alter table visits alter column what type varchar(300); update accounts set balance = 44 where id = 18; commit`,
      'alter table holdings drop column old_N',
      'begin; alter table holdings alter column fund type text; alter table visits alter column what type text; commit',
    ),
  },
  { fault: 8, name: 'VACUUM FULL of a table', happens: sql('vacuum full accounts') },
  { fault: 8, name: 'VACUUM FULL of the audit table', happens: sql('vacuum full audit.log') },
  { fault: 47, name: 'everything frozen', happens: sql('vacuum freeze') },
  {
    fault: 47,
    name: 'a column more in the audit table',
    happens: sql(`alter table audit.log add column extra_N text default 'x'`),
  },
  {
    name: 'a column more in a table',
    happens: sql(
      `alter table accounts add column tier_N text not null default 'basic'`,
      `${ann}; update accounts set balance = balance + 1 where id = 3`,
    ),
  },
  {
    fault: 46,
    name: 'sessions in other time zones',
    happens: sql(
      `${ann}; set timezone = 'America/New_York'; update accounts set score = 0.1::float8 + 0.2, opened = now() where id = 4`,
      `${ann}; set timezone = 'Asia/Tokyo'; set extra_float_digits = 0; set datestyle = 'German'; update accounts set balance = balance + 1 where id = 4`,
      "alter role observer set timezone = 'Asia/Kathmandu'; alter role observer set extra_float_digits = 0",
    ),
  },
  {
    fault: 34,
    name: 'a late commit',
    happens: async (office) => {
      const late = await office.connect();
      await late.query(`${ann}; begin; update accounts set balance = 70 where id = 6`);
      await office.sql(`${ann}; update accounts set balance = 71 where id = 7`);
      await sleep(3000);
      await late.query('update accounts set balance = 72 where id = 6; commit');
      await late.end();
    },
    may: ['watermark_lag_seconds'],
  },
  {
    name: 'planned maintenance',
    happens: async (office, soak) => {
      const now = Date.now();
      const until = now + MAINTENANCE_MS;
      await declare(soak.declarations, office.trail.name, {
        kind: 'maintenance',
        tables: ['public.accounts', 'public.holdings'],
        reason: 'migration',
        by: 'carol',
        at: new Date(now).toISOString(),
        from: new Date(now - 1000).toISOString(),
        until: new Date(until).toISOString(),
      });
      // What the observer learns of only at its next look cannot explain what it sees before.
      await sleep(testPaces.quickMs * 2);
      await office.sql(
        `begin; alter table accounts disable trigger kop_audit_row; update accounts set balance = 99 where id = 8; delete from accounts where id = 9;
         insert into accounts (id, name) values (9, 'quiet'); alter table accounts enable always trigger kop_audit_row; commit`,
      );
      if (Date.now() > until) throw new Error('the maintenance outlasted its window, so it rightly alarms');
      await sleep(until - Date.now());
      // A baseline follows by itself; until it is compared with, nothing is claimed.
      soak.expectUnknown();
    },
    may: ['fingerprint_changes_total trigger', 'counter_residual operations_calls'],
  },
  {
    fault: 9,
    name: 'next months prepared',
    happens: sql('select audit.maintain_partitions(6)'),
  },
  {
    fault: 14,
    name: 'the replica role, which bypasses nothing',
    happens: sql(`${ann}; set session_replication_role = replica; update accounts set balance = 78 where id = 10`),
  },
  {
    fault: 19,
    name: 'a table that comes and goes, enrolled by itself',
    happens: async (office) => {
      await office.sql(
        `${ann}; create table scratch (id bigint primary key, v text); insert into scratch select i, 'v' from generate_series(1, 50) i; update scratch set v = 'w'`,
      );
      await sleep(3000);
      // Emptied first: rows that go with their table, and a table that comes back without them, are faults.
      await office.sql(`${ann}; delete from scratch; drop table scratch`);
    },
    may: ['tables_in_scope', 'tables_covered', 'coverage_ratio public.scratch', 'trigger_effective public.scratch'],
  },
  {
    name: 'upserts, MERGE, COPY, a new key',
    happens: sql(
      `${ann}; insert into accounts (id, name) values (1, 'x'), (90001, 'y') on conflict (id) do update set name = excluded.name`,
      `${ann}; merge into accounts a using (values (1), (90002)) v(id) on a.id = v.id when matched then update set name = 'm' when not matched then insert (id, name) values (v.id, 'n')`,
      `${ann}; update accounts set id = 95000 where id = 90001; update accounts set balance = 3 where id = 95000; delete from accounts where id in (95000, 90002)`,
    ),
  },
  {
    fault: 17,
    name: 'TRUNCATE of a leaf, recorded',
    happens: sql(`${ann}; truncate visits_2`),
    may: ['counter_residual operations_calls', 'counter_residual calls_records'],
  },
];

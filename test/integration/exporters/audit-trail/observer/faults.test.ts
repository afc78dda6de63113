import { describe, expect, test } from 'vitest';
import { observed } from '../../../../support/audit-trail/observed.js';
import { bypassed, snapshot } from '../../../../support/audit-trail/schema.js';

const lab = observed();

const work = `
  set app.actor = 'ann'; set application_name = 'portal';
  insert into accounts (name, balance) select 'a' || i, i from generate_series(1, 20) i;
  update accounts set balance = balance + 0.5 where id <= 10;
  delete from accounts where id > 18;
  insert into holdings select i, 'f', i from generate_series(1, 5) i;
  insert into visits (at, what) values ('2026-02-01', 'x'), ('2026-08-01', 'y');`;

/** Watched from the beginning, with some work done, and proven. */
async function settled(): Promise<void> {
  await lab.prepare();
  lab.watch();
  await lab.watching.look();
  await lab.fixture.sql(work);
  await lab.watching.look();
  expect(states()).toEqual(['ok', 'ok', 'ok']);
}

const tables = ['public.accounts', 'public.holdings', 'public.visits'];
const states = () => tables.map((table) => lab.watching.state(table));
const accounts = { table: 'public.accounts' };
const count = (name: string, labels: Record<string, string> = {}) => lab.watching.metric(`audit_trail_${name}`, labels);

describe('a trail without faults', () => {
  test('is proven', async () => {
    await settled();
    expect(tables.map((table) => lab.watching.reason(table))).toEqual(tables.map(() => 'every change is recorded'));
    expect(count('tables_covered')).toBe(3);
    expect(count('counter_residual')).toBe(0);
    expect(count('records_total', { ...accounts, operation: 'INSERT' })).toBe(20);
    expect(count('completeness_ratio', accounts)).toBe(1);
    for (const source of [
      'connection',
      'counters',
      'catalogue',
      'records',
      'continuity',
      'replay',
      'commit_timestamps',
      'identity',
    ]) {
      expect([source, count('evidence_state', { source, state: 'ok' })]).toEqual([source, 1]);
    }
  });
});

interface Fault {
  readonly name: string;
  readonly sql: string;
  /** Expected among the metrics, without `audit_trail_`. */
  readonly shows: Readonly<Record<string, number>>;
  readonly state?: string;
  readonly others?: string;
}

const faults: readonly Fault[] = [
  {
    name: 'an update past the trigger',
    sql: bypassed('update accounts set balance = 999 where id = 3'),
    shows: { 'missing_events_total UPDATE': 1, 'replay_mismatches different': 1 },
  },
  {
    name: 'a delete past the trigger',
    sql: bypassed('delete from accounts where id = 3'),
    shows: { 'missing_events_total DELETE': 1, 'replay_mismatches missing_live': 1 },
  },
  {
    name: 'an insert past the trigger',
    sql: bypassed("insert into accounts (name) values ('ghost')"),
    shows: { 'missing_events_total INSERT': 1, 'replay_mismatches missing_record': 1 },
  },
  {
    name: 'an insert past the trigger of a row that was deleted',
    sql: bypassed("insert into accounts (id, name) values (20, 'back')"),
    shows: { 'missing_events_total INSERT': 1, 'replay_mismatches resurrected': 1 },
  },
  {
    name: 'a change past the trigger that a recorded one then hides',
    sql: `${bypassed('update accounts set balance = 999 where id = 3')}; update accounts set balance = 1 where id = 3`,
    shows: { 'missing_events_total UPDATE': 1, continuity_breaks_total: 1, 'replay_mismatches different': 0 },
  },
  {
    name: 'a change past the trigger that was undone in the same way',
    sql: `${bypassed('update accounts set balance = balance + 1 where id = 3')}; ${bypassed('update accounts set balance = balance - 1 where id = 3')}`,
    shows: { 'missing_events_total UPDATE': 1 },
  },
  {
    name: 'an insert and a delete past the trigger of rows that have records',
    sql: bypassed("delete from accounts where id = 4; insert into accounts (id, name) values (4, 'swap')"),
    shows: { 'missing_events_total UPDATE': 1 },
  },
  {
    name: 'the newest record deleted',
    sql: "delete from audit.log where id = (select max(id) from audit.log where table_name = 'accounts')",
    shows: { 'missing_events_total DELETE': 1, 'counter_residual records_mutated': 1 },
  },
  {
    name: 'a record in the middle deleted',
    sql: "update accounts set balance = 7 where id = 2; update accounts set balance = 8 where id = 2; delete from audit.log where new_row->>'balance' = '7.00' and op = 'UPDATE'",
    shows: { 'counter_residual records_mutated': 1, continuity_breaks_total: 1 },
  },
  {
    name: 'an image in a record changed',
    sql: `update audit.log set new_row = jsonb_set(new_row, '{balance}', '5') where id = (select max(id) from audit.log where pk = '{"id": 3}')`,
    shows: {
      'counter_residual records_mutated': 1,
      'replay_mismatches different': 1,
      'missing_events_total UPDATE': 0,
    },
  },
  {
    name: 'a text in a record changed to another that is the same number',
    sql: `begin; update accounts set name = '0012345' where id = 3; commit; update audit.log set new_row = jsonb_set(new_row, '{name}', '"12345"') where id = (select max(id) from audit.log where pk = '{"id": 3}')`,
    shows: {
      'counter_residual records_mutated': 1,
      'replay_mismatches different': 1,
      'missing_events_total UPDATE': 0,
    },
  },
  {
    name: 'such a text in the middle of a history',
    sql: `update accounts set name = '1.50' where id = 3; update accounts set balance = 4 where id = 3; update audit.log set new_row = jsonb_set(new_row, '{name}', '"1.5"') where pk = '{"id": 3}' and new_row ->> 'balance' = '3.50' and new_row ->> 'name' = '1.50'`,
    shows: { 'counter_residual records_mutated': 1, continuity_breaks_total: 1, 'missing_events_total UPDATE': 0 },
  },
  {
    name: 'a forged record of an update',
    sql: `insert into audit.log (op, table_schema, table_name, pk, old_row, new_row) select 'UPDATE', 'public', 'accounts', pk, new_row, jsonb_set(new_row, '{balance}', '5') from audit.log where pk = '{"id": 3}' order by id desc limit 1`,
    shows: {
      'counter_residual calls_records': -1,
      'unexplained_events_total UPDATE': 1,
      'missing_events_total UPDATE': 0,
    },
  },
  {
    name: 'a forged record of an insert',
    sql: `insert into audit.log (op, table_schema, table_name, pk, new_row) values ('INSERT', 'public', 'accounts', '{"id": 777}', '{"id": 777, "name": "x"}')`,
    shows: {
      'counter_residual calls_records': -1,
      'unexplained_events_total INSERT': 1,
      'missing_events_total DELETE': 0,
    },
  },
  {
    name: 'values rewritten by DDL',
    sql: 'alter table accounts alter column balance type numeric(14,2) using 0',
    shows: { 'replay_mismatches different': 18 },
  },
  {
    name: 'the trigger function made to do nothing for a while',
    sql: `create temp table keep as select prosrc from pg_proc where proname = 'record';
      create or replace function audit.record() returns trigger language plpgsql security definer set search_path = pg_catalog set "TimeZone" = 'UTC' set extra_float_digits = 1 as 'begin return null; end';
      update accounts set balance = 4 where id = 4;
      do $$ begin execute format('create or replace function audit.record() returns trigger language plpgsql security definer set search_path = pg_catalog set "TimeZone" = ''UTC'' set extra_float_digits = 1 as %L', (select prosrc from keep)); end $$`,
    shows: {
      'missing_events_total UPDATE': 1,
      'counter_residual calls_records': 1,
      'fingerprint_changes_total function': 1,
    },
  },
  {
    name: 'the audit table truncated',
    sql: 'truncate audit.log',
    shows: { 'replay_mismatches missing_record': 18 },
    others: 'confirmed',
  },
];

describe('a fault', () => {
  test.each(faults)('$name', async ({ sql, shows, state = 'confirmed', others = 'fine' }) => {
    await settled();
    await lab.fixture.sql(sql);
    await lab.watching.look();
    const seen = Object.fromEntries(
      Object.keys(shows).map((key) => {
        const [name = '', value] = key.split(' ');
        const label = {
          missing_events_total: 'operation',
          unexplained_events_total: 'operation',
          replay_mismatches: 'kind',
          counter_residual: 'invariant',
          fingerprint_changes_total: 'object',
        }[name];
        const table = name === 'counter_residual' || name === 'fingerprint_changes_total' ? {} : accounts;
        return [
          key,
          count(name, { ...table, ...(label === undefined || value === undefined ? {} : { [label]: value }) }),
        ];
      }),
    );
    expect(seen).toEqual(shows);
    expect([lab.watching.state('public.accounts'), lab.watching.reason('public.accounts')]).toEqual([
      state,
      expect.any(String),
    ]);
    const rest = [lab.watching.state('public.holdings'), lab.watching.state('public.visits')];
    if (others === 'fine') for (const other of rest) expect(['ok', 'explained']).toContain(other);
    else expect(rest).toEqual([others, others]);
  });

  test('stays confirmed until a baseline, and is not counted twice', async () => {
    await settled();
    await lab.fixture.sql(bypassed('update accounts set balance = 999 where id = 3'));
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    // The row is changed again, recorded: its last image agrees, but the fault was.
    await lab.fixture.sql('update accounts set balance = 1 where id = 3');
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('confirmed');
    expect(count('missing_events_total', { ...accounts, operation: 'UPDATE' })).toBe(1);
  });
});

const innocent: readonly { readonly name: string; readonly sql: string; readonly state?: readonly string[] }[] = [
  {
    name: 'a rollback',
    sql: "begin; insert into accounts (name) values ('r'); update accounts set balance = 5; rollback",
  },
  {
    name: 'a rolled back savepoint',
    sql: "begin; insert into accounts (name) values ('r'); savepoint s; update accounts set balance = 5; rollback to s; update accounts set score = 1 where id = 2; commit",
  },
  {
    name: 'changes in a subtransaction',
    sql: 'begin; savepoint s; update accounts set balance = 5 where id = 1; release s; savepoint t; update accounts set balance = 6 where id = 1; release t; commit',
  },
  {
    name: 'an upsert',
    sql: "insert into accounts (id, name) values (1, 'x'), (900, 'y') on conflict (id) do update set name = excluded.name; insert into accounts (id, name) values (1, 'z') on conflict do nothing",
  },
  {
    name: 'a merge',
    sql: "merge into accounts a using (values (1), (901)) v(id) on a.id = v.id when matched then update set name = 'm' when not matched then insert (id, name) values (v.id, 'n')",
  },
  { name: 'an update of nothing', sql: 'update accounts set name = name' },
  {
    name: 'a new key',
    sql: 'update accounts set id = 5000 where id = 5; update accounts set balance = 3 where id = 5000; insert into accounts (id, name) values (5, $$new$$)',
  },
  { name: 'a sequence gap', sql: "select nextval('audit.log_id_seq'), nextval('audit.log_id_seq')" },
  { name: 'VACUUM FULL', sql: 'vacuum full accounts', state: ['explained'] },
  { name: 'VACUUM FULL of the audit table', sql: 'vacuum full audit.log', state: ['explained'] },
  { name: 'VACUUM FREEZE', sql: 'vacuum freeze' },
  {
    name: 'a new column with a default',
    sql: "alter table accounts add column tier text not null default 'basic'; update accounts set balance = 1 where id = 1",
  },
  {
    name: 'a wider column',
    sql: 'alter table accounts alter column balance type numeric(20,4); update accounts set balance = 1 where id = 1',
    state: ['ok', 'explained'],
  },
  {
    name: 'a column of another type',
    sql: 'alter table accounts alter column balance type text; update accounts set balance = 1 where id = 1',
    state: ['ok', 'explained'],
  },
  {
    name: 'moments that become texts',
    sql: 'alter table accounts alter column opened type text; update accounts set balance = 1 where id = 1',
    state: ['ok', 'explained'],
  },
  {
    name: 'a dropped column',
    sql: 'alter table accounts drop column score; update accounts set balance = 1 where id = 1',
  },
  {
    name: 'a new column in the audit table',
    sql: 'alter table audit.log add column note text default now()::text; update accounts set balance = 1 where id = 1',
    state: ['ok', 'explained'],
  },
  {
    name: 'TRUNCATE',
    sql: "truncate accounts; insert into accounts (id, name) values (1, 'again')",
    state: ['explained'],
  },
  {
    name: 'insert and TRUNCATE in one transaction',
    sql: "begin; insert into accounts (name) values ('a'), ('b'), ('c'); truncate accounts; commit",
    state: ['explained'],
  },
  { name: 'a row that moves to another partition', sql: "update visits set at = '2026-09-01' where at = '2026-02-01'" },
  {
    name: 'a new partition',
    sql: "create table visits_3 partition of visits for values from ('2027-01-01') to ('2027-07-01'); create trigger audit_row after insert or update or delete on visits_3 for each row execute function audit.record(); alter table visits_3 enable always trigger audit_row; create trigger audit_truncate after truncate on visits_3 for each statement execute function audit.record_truncate(); alter table visits_3 enable always trigger audit_truncate; grant select on visits_3 to OBSERVER; insert into visits (at) values ('2027-02-01')",
  },
];

describe('no alarm', () => {
  test.each(innocent)('$name', async ({ sql, state = ['ok'] }) => {
    await settled();
    await lab.fixture.sql(sql.replaceAll('OBSERVER', lab.fixture.observerRole));
    await lab.watching.look();
    expect([lab.watching.reason('public.accounts'), state]).toEqual([
      lab.watching.reason('public.accounts'),
      expect.arrayContaining([lab.watching.state('public.accounts')]),
    ]);
    for (const other of ['public.holdings', 'public.visits'])
      expect(['ok', 'explained']).toContain(lab.watching.state(other));
    expect(count('missing_events_total')).toBe(0);
    expect(count('unexplained_events_total')).toBe(0);
    expect(count('continuity_breaks_total')).toBe(0);
    await lab.watching.look();
    expect(states()).toEqual(['ok', 'ok', 'ok']);
    expect(count('counter_residual')).toBe(0);
  });

  test('rows from before the trail, with a snapshot and without', async () => {
    await lab.prepare();
    await lab.fixture.sql(
      `${bypassed("insert into accounts (name) values ('old'), ('older')")}; ${bypassed("insert into holdings values (1, 'f', 1)")}`,
    );
    await lab.fixture.sql(snapshot('public', 'accounts'));
    lab.watch();
    await lab.watching.look();
    await lab.fixture.sql(
      "update accounts set balance = 1; update holdings set units = 2; insert into holdings values (2, 'f', 2)",
    );
    await lab.watching.look();
    expect(states()).toEqual(['ok', 'ok', 'ok']);
    expect(count('continuity_breaks_total')).toBe(0);
  });

  test('time zones, styles and float digits of writing sessions', async () => {
    await settled();
    await lab.fixture.sql(
      'create domain moment as timestamptz; create domain visit as moment; alter table accounts add column seen visit default now()',
    );
    const loose = 'alter function audit.record() reset all';
    await lab.fixture.sql(loose);
    await lab.watching.look();
    await lab.fixture.sql("set timezone = 'America/New_York'; update accounts set score = 0.1::float8 + 0.2");
    await lab.fixture.sql(
      "set timezone = 'Asia/Tokyo'; set extra_float_digits = 0; update accounts set balance = balance + 1",
    );
    for (const style of ['iso_8601', 'sql_standard', 'postgres_verbose'])
      await lab.fixture.sql(`set intervalstyle = '${style}'; update accounts set balance = balance + 1`);
    await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('ok');
    expect(count('continuity_breaks_total')).toBe(0);
  });

  test('ranges, arrays, composite types and bytes, as each session writes them', async () => {
    await settled();
    await lab.fixture.sql(
      `create type stay as (arrived timestamptz, span interval, room text);
       create domain key as bytea check (length(value) = 3);
       alter table accounts add column period tstzrange default '[2026-01-02 03:04:05.6+00,2026-02-03 00:00:00+00)',
         add column periods tstzmultirange default '{[2026-01-02 03:04:05+00,2026-02-03 00:00:00+00)}',
         add column days daterange default '[2026-01-02,2026-02-03)', add column moments timestamptz[] default '{2026-01-02 03:04:05+00,null}',
         add column spans interval[] default '{1 day 02:00:00}', add column shares float8[] default array[[0.1::float8 + 0.2]],
         add column stay stay default '(2026-01-02 03:04:05+00,1 day,007)', add column keys key[] default array['\\x00ff10'::bytea],
         add column plain bytea default '\\x00ff5c'`,
    );
    await lab.fixture.sql('alter function audit.record() reset all');
    await lab.watching.look();
    for (const settings of [
      "set timezone = 'Asia/Tokyo'; set bytea_output = 'escape'",
      "set datestyle = 'German'; set extra_float_digits = 0; set intervalstyle = 'iso_8601'",
      "set datestyle = 'SQL, MDY'; set intervalstyle = 'sql_standard'; set timezone = 'America/New_York'",
      "set datestyle = 'SQL, DMY'; set intervalstyle = 'postgres_verbose'",
      "set datestyle = 'Postgres, DMY'; set timezone = 'Australia/Adelaide'",
    ]) {
      await lab.fixture.sql(`${settings}; update accounts set balance = balance + 1`);
    }
    await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('ok');
    expect(count('continuity_breaks_total')).toBe(0);
    // The same table, and a change of each that no trigger saw.
    const changes = [
      "period = '[2026-01-02 03:04:05.7+00,2026-02-03 00:00:00+00)' where id = 1",
      "spans = '{2 days}' where id = 2",
      "stay = '(2026-01-02 03:04:05+00,1 day,7)' where id = 3",
      "shares = '{{0.31}}' where id = 4",
      "plain = '\\x00' where id = 5",
    ];
    await lab.fixture.sql(bypassed(changes.map((change) => `update accounts set ${change}`).join(';')));
    await lab.watching.look();
    expect(count('missing_events_total', { ...accounts, operation: 'UPDATE' })).toBe(changes.length);
  });

  test('a transaction that commits late', async () => {
    await settled();
    const late = await lab.fixture.connect();
    await late.query('begin; update accounts set balance = 77 where id = 1');
    await lab.fixture.sql('update accounts set balance = 78 where id = 2');
    await lab.watching.look();
    const before = count('records_total', accounts) ?? 0;
    await late.query('update accounts set balance = 79 where id = 1; commit');
    await late.end();
    await lab.watching.look();
    expect(count('records_total', accounts)).toBe(before + 3);
    expect(count('time_violations_total')).toBe(0);
    expect(states()).toEqual(['ok', 'ok', 'ok']);
  });
});

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  type InstallOptions,
  installSql,
  uninstallSql,
  upgradeSql,
} from '../../../../../exporters/audit-trail/writer/index.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';
import { majors } from '../../../../support/postgres/majors.js';

const everything: InstallOptions = { scope: { include: ['public.*'], exclude: [] }, baseline: false };

describe.each(majors)('on PostgreSQL %d', (major) => {
  let server: BorrowedServer;
  let databases = 0;

  beforeAll(async () => {
    server = await borrowPostgres(major);
    const client = await open(await server.database('bare'));
    await client.query('create table clients (id int primary key, name text, fee numeric)');
    await client.end();
    const other = await open(await server.database('ready', 'bare'));
    await other.query(installSql(everything));
    await other.end();
  });
  afterAll(() => server.close());

  /** A database of its own for each test, with one table. */
  async function connect(template = 'bare'): Promise<pg.Client> {
    databases += 1;
    const client = await open(await server.database(`writer_${databases}`, template));
    onTestFinished(() => client.end());
    return client;
  }

  async function installed(options: InstallOptions = everything): Promise<pg.Client> {
    if (options === everything) return connect('ready');
    const client = await connect();
    await client.query(installSql(options));
    return client;
  }

  /** A second session on the same database. */
  async function another(client: pg.Client): Promise<pg.Client> {
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    const url = new URL(server.adminUrl);
    url.pathname = `/${rows[0]?.name}`;
    const second = await open(url.toString());
    onTestFinished(() => second.end());
    return second;
  }

  async function recorded(client: pg.Client): Promise<string[]> {
    const { rows } = await client.query<{ line: string }>(
      `select concat_ws(' ', op, table_name, pk::text) as line from audit.log order by id`,
    );
    return rows.map(({ line }) => line);
  }

  test('each operation is recorded exactly once, whatever brings it about', async () => {
    const db = await installed();
    await db.query(`create table notes (id int primary key, client int references clients on delete cascade)`);
    await db.query(`insert into clients values (1, 'a', 1), (2, 'b', 2)`);
    await db.query(`insert into clients values (1, 'c', 1) on conflict (id) do nothing`);
    await db.query(`insert into clients values (1, 'd', 1) on conflict (id) do update set name = excluded.name`);
    await db.query(`merge into clients c using (values (2, 'e'), (3, 'f')) as v (id, name) on c.id = v.id
      when matched then update set name = v.name when not matched then insert values (v.id, v.name, 0)`);
    await db.query(`insert into notes values (7, 3)`);
    await db.query(`delete from clients where id = 3`);
    await db.query('update clients set name = name where id = 1');
    await db.query('truncate clients cascade');
    expect(await recorded(db)).toEqual([
      'INSERT clients {"id": 1}',
      'INSERT clients {"id": 2}',
      'UPDATE clients {"id": 1}',
      'UPDATE clients {"id": 2}',
      'INSERT clients {"id": 3}',
      'INSERT notes {"id": 7}',
      'DELETE clients {"id": 3}',
      'DELETE notes {"id": 7}',
      'UPDATE clients {"id": 1}',
      'TRUNCATE clients',
      'TRUNCATE notes',
    ]);
  });

  test('COPY is recorded row by row', async () => {
    const db = await installed();
    // Without a stream library: COPY from a program that prints three rows.
    await db.query(`copy clients from program 'printf "1\\ta\\t1\\n2\\tb\\t2\\n3\\tc\\t3\\n"'`);
    expect(await recorded(db)).toHaveLength(3);
  });

  test('what did not happen is not recorded', async () => {
    const db = await installed();
    await expect(db.query(`insert into clients values (1), (2), (1)`)).rejects.toThrow('duplicate key');
    await db.query('begin; insert into clients values (5); rollback');
    await db.query(
      'begin; savepoint s; insert into clients values (6); rollback to s; insert into clients values (7); commit',
    );
    await db.query(`begin; insert into clients values (8); prepare transaction 'held'`);
    expect(await recorded(db)).toEqual(['INSERT clients {"id": 7}']);
    await db.query(`commit prepared 'held'`);
    expect(await recorded(db)).toHaveLength(2);
  });

  test('leaves are recorded each by itself: TRUNCATE of one, new ones, and those that come and go', async () => {
    const db = await installed();
    await db.query(`create table events (id int, day date, primary key (id, day)) partition by range (day)`);
    await db.query(`create table events_1 partition of events for values from ('2025-01-01') to ('2025-02-01')`);
    await db.query(`create table events_2 partition of events for values from ('2025-02-01') to ('2025-03-01')`);
    await db.query(`insert into events values (1, '2025-01-05'), (2, '2025-02-05')`);
    await db.query(`update events set day = '2025-02-06' where id = 1`);
    await db.query('truncate events_2');
    await db.query('alter table events detach partition events_1');
    await db.query(`insert into events_1 values (3, '2025-01-07')`);
    await db.query(`alter table events attach partition events_1 for values from ('2025-01-01') to ('2025-02-01')`);
    await db.query(`insert into events values (4, '2025-01-08')`);
    await db.query(`create table loose (id int, day date, primary key (id, day))`);
    await db.query(`alter table events attach partition loose for values from ('2025-03-01') to ('2025-04-01')`);
    await db.query('truncate events');
    expect(await recorded(db)).toEqual([
      'INSERT events_1 {"id": 1, "day": "2025-01-05"}',
      'INSERT events_2 {"id": 2, "day": "2025-02-05"}',
      'DELETE events_1 {"id": 1, "day": "2025-01-05"}',
      'INSERT events_2 {"id": 1, "day": "2025-02-06"}',
      'TRUNCATE events_2',
      'INSERT events_1 {"id": 3, "day": "2025-01-07"}',
      'INSERT events_1 {"id": 4, "day": "2025-01-08"}',
      ...['events_1', 'events_2', 'loose'].map((leaf) => `TRUNCATE ${leaf}`),
    ]);
    const { rows } = await db.query<{ enabled: string }>(
      `select distinct tgenabled as enabled from pg_trigger where tgname like 'kop_audit_%'`,
    );
    expect(rows).toEqual([{ enabled: 'A' }]);
  });

  test('the replica role bypasses nothing', async () => {
    const db = await installed();
    await db.query(`set session_replication_role = replica`);
    await db.query(`insert into clients values (1)`);
    await db.query('create table quiet (id int primary key)');
    await db.query(`insert into quiet values (1); truncate quiet`);
    expect(await recorded(db)).toEqual(['INSERT clients {"id": 1}', 'INSERT quiet {"id": 1}', 'TRUNCATE quiet']);
  });

  test('says who, with what and why, and what the session cannot change', async () => {
    const db = await installed();
    await db.query(`begin;
      select set_config('audit.actor', '42', true), set_config('audit.correlation_id', 'req-1', true),
        set_config('audit.reason', 'address change', true), set_config('audit.application', 'portal', true);
      set local timezone = 'Asia/Tokyo'; set local extra_float_digits = -5;
      insert into clients values (1, 'a', 1.5); commit`);
    await db.query(`set application_name = 'batch'; insert into clients values (2)`);
    const { rows } = await db.query(
      'select actor, actor_kind, application, correlation_id, reason, session_role, xact_id::text::bigint > 0 as xact, new_row from audit.log order by id',
    );
    expect(rows).toEqual([
      {
        actor: '42',
        actor_kind: 'human',
        application: 'portal',
        correlation_id: 'req-1',
        reason: 'address change',
        session_role: 'postgres',
        xact: true,
        new_row: { id: 1, name: 'a', fee: 1.5 },
      },
      {
        actor: null,
        actor_kind: null,
        application: 'batch',
        correlation_id: null,
        reason: null,
        session_role: 'postgres',
        xact: true,
        new_row: { id: 2, name: null, fee: null },
      },
    ]);
  });

  test('images hold every digit and one time zone, whatever the session says', async () => {
    const db = await installed();
    await db.query('create table exact (id int primary key, at timestamptz, share float8, span interval)');
    await db.query(`set timezone = 'Asia/Tokyo'; set extra_float_digits = 0; set intervalstyle = 'iso_8601'`);
    await db.query(`insert into exact values (1, '2025-06-01 12:00+00', 0.1::float8 + 0.2, '1 day 2 hours')`);
    const { rows } = await db.query<{ image: string }>('select new_row::text as image from audit.log');
    expect(rows[0]?.image).toContain('2025-06-01T12:00:00+00:00');
    expect(rows[0]?.image).toContain('0.30000000000000004');
    expect(rows[0]?.image).toContain('1 day 02:00:00');
  });

  test('the key follows the table', async () => {
    const db = await installed();
    await db.query(`alter table clients rename column id to number; insert into clients values (1, 'a')`);
    await db.query('alter table clients drop constraint clients_pkey, add primary key (number, name)');
    await db.query(`insert into clients values (2, 'b')`);
    expect(await recorded(db)).toEqual(['INSERT clients {"number": 1}', 'INSERT clients {"name": "b", "number": 2}']);
  });

  test('a role that logs in as an observer sees the transactions of others', async () => {
    const db = await installed();
    const role = `watcher_${databases}`;
    await db.query(`create role ${role} in role kop_audit_observer`);
    onTestFinished(async () => {
      await db.query(`drop role ${role}`);
    });
    const { rows } = await db.query(`select pg_has_role('${role}', 'pg_read_all_stats', 'usage') as sees`);
    expect(rows).toEqual([{ sees: true }]);
  });

  test('a trigger that was renamed stays the only one, follows the key, and may be disabled', async () => {
    const db = await installed();
    await db.query(`alter trigger kop_audit_row on clients rename to zz_audit; alter trigger kop_audit_truncate on clients rename to zz_truncate;
      alter table clients add column price numeric; select audit.enrol_all()`);
    await db.query(`insert into clients (id, name) values (1, 'a'); alter table clients rename column id to number`);
    await db.query(`insert into clients (number, name) values (2, 'b'); truncate clients`);
    expect(await recorded(db)).toEqual([
      'INSERT clients {"id": 1}',
      'INSERT clients {"number": 2}',
      'TRUNCATE clients',
    ]);
    await db.query(
      'alter table clients disable trigger zz_audit; alter table clients add column note text; select audit.enrol_all()',
    );
    const { rows } = await db.query(
      `select tgname as name, tgenabled as enabled from pg_trigger where tgrelid = 'clients'::regclass and not tgisinternal order by 1`,
    );
    expect(rows).toEqual([
      { name: 'zz_audit', enabled: 'D' },
      { name: 'zz_truncate', enabled: 'A' },
    ]);
  });

  test('a key of any size and any number of columns is recorded, and no statement fails for it', async () => {
    const db = await installed();
    await db.query(`create table links (url text primary key, hits int);
      create table places (a int, b text, c date, primary key (c, a, b)); create table pairs (z int, a int, primary key (z, a))`);
    // The table's own index just holds it; the log's, which has more columns, would not.
    const url = `(select left(string_agg(md5(i::text), ''), 2670) from generate_series(1, 100) i)`;
    await db.query(
      `insert into links values (${url}, 1); insert into places values (1, 'x', '2026-01-02'); insert into pairs values (2, 1)`,
    );
    expect(await recorded(db)).toEqual([
      expect.stringMatching(/^INSERT links {"kop:sha256": "[0-9a-f]{64}"}$/),
      'INSERT places {"a": 1, "b": "x", "c": "2026-01-02"}',
      'INSERT pairs {"a": 1, "z": 2}',
    ]);
  });

  test('an application role records, and can neither read nor write the log', async () => {
    const db = await installed();
    await db.query(
      `create role app_${databases} login; grant all on clients to app_${databases}; grant create on schema public to app_${databases}`,
    );
    await db.query(`set session authorization app_${databases}`);
    await db.query('insert into clients values (1)');
    await db.query('create table own (id int primary key); insert into own values (1)');
    await expect(db.query('select * from audit.log')).rejects.toThrow('permission denied');
    await expect(db.query(`select audit.enrol('own'::regclass)`)).rejects.toThrow('permission denied');
    await expect(db.query(`select audit.baseline('own'::regclass)`)).rejects.toThrow('permission denied');
    await db.query('reset session authorization');
    expect(await recorded(db)).toEqual(['INSERT clients {"id": 1}', 'INSERT own {"id": 1}']);
    await db.query(`drop owned by app_${databases}; drop role app_${databases}`);
  });

  test('no application can have code of its own run as the owner of the log', async () => {
    const db = await installed();
    const role = `maker_${databases}`;
    const cast = `create type mood as enum ('calm');
      create function leak(mood) returns json language plpgsql as $$ begin delete from audit.log; return '1'; end $$;
      create cast (mood as json) with function leak(mood)`;
    await db.query(`create role ${role}; grant create on schema public to ${role}; set role ${role}`);
    await expect(db.query(cast)).rejects.toThrow('would run as the owner of the audit log');
    await db.query('reset role');
    const unprotected = await connect();
    await unprotected.query(`grant create on schema public to ${role}; set role ${role}`);
    await unprotected.query(`${cast}; reset role`);
    await expect(unprotected.query(installSql(everything))).rejects.toThrow('the cast from public.mood to json');
    await unprotected.query('rollback');
  });

  test('roles read what their plane needs, and write nothing', async () => {
    const db = await installed();
    const may = async (role: string, sql: string) => {
      await db.query(`set role ${role}`);
      const answer = await db.query(sql).then(
        () => 'yes',
        () => 'no',
      );
      await db.query('reset role');
      return answer;
    };
    expect(
      await may('kop_audit_observer', 'select count(*) from audit.log, audit.ddl_log, clients, audit.log_id_seq'),
    ).toBe('yes');
    expect(await may('kop_audit_sealer', 'select count(*) from audit.log')).toBe('yes');
    expect(await may('kop_audit_sealer', 'select count(*) from clients')).toBe('no');
    expect(await may('kop_audit_witness', 'select count(*) from audit.log')).toBe('no');
    for (const role of ['kop_audit_observer', 'kop_audit_sealer', 'kop_audit_witness']) {
      expect(await may(role, 'delete from audit.log')).toBe('no');
      expect(await may(role, `insert into clients values (9)`)).toBe('no');
    }
  });

  test('DDL is recorded apart: creation, drop and rewrite', async () => {
    const db = await installed();
    await db.query('alter table clients alter column fee type int using 0');
    await db.query('create temp table passing (id int)');
    await db.query('create index on clients (name)');
    await db.query('drop table clients');
    const { rows } = await db.query<{ line: string }>(
      `select concat_ws(' ', event, tag, object_identity) as line from audit.ddl_log
       where object_type in ('table', 'index') order by id`,
    );
    expect(rows.map(({ line }) => line)).toEqual([
      'table_rewrite ALTER TABLE public.clients',
      'ddl_command_end ALTER TABLE public.clients',
      'ddl_command_end CREATE INDEX public.clients_name_idx',
      'sql_drop DROP TABLE public.clients',
    ]);
    expect(await recorded(db)).toEqual([]);
  });

  test('a baseline records what is there, also of tables that come with rows', async () => {
    const db = await connect();
    await db.query(`insert into clients values (1, 'a', 1), (2, 'b', 2)`);
    await db.query(installSql({ ...everything, baseline: true }));
    await db.query('create table copied as select * from clients where id = 2');
    expect(await recorded(db)).toEqual(['SNAPSHOT clients {"id": 1}', 'SNAPSHOT clients {"id": 2}', 'SNAPSHOT copied']);
  });

  test('on request an update is recorded as its key and what changed, and whole rows can be read all the same', async () => {
    const db = await connect();
    const options = { ...everything, baseline: true, changedColumns: true };
    await db.query(
      `create table prices (id int primary key, price numeric, note text); insert into prices values (1, 1.0, 'a')`,
    );
    await db.query(installSql(options));
    await db.query(`update prices set price = 1.00; update prices set note = null; update prices set note = note`);
    await db.query(`update prices set id = 2, price = 3; update prices set price = 4; delete from prices`);
    const images = async () =>
      (
        await db.query<{ line: string }>(
          `select concat_ws(' ', op, coalesce(old_row::text, '-'), coalesce(new_row::text, '-')) as line from audit.log
           where table_name = 'prices' order by id`,
        )
      ).rows.map(({ line }) => line);
    expect(await images()).toEqual([
      'SNAPSHOT - {"id": 1, "note": "a", "price": 1.0}',
      'CHANGE {"id": 1, "price": 1.0} {"id": 1, "price": 1.00}',
      'CHANGE {"id": 1, "note": "a"} {"id": 1, "note": null}',
      'CHANGE {"id": 1} {"id": 1}',
      'UPDATE {"id": 1, "note": null, "price": 1.00} {"id": 2, "note": null, "price": 3}',
      'CHANGE {"id": 2, "price": 3} {"id": 2, "price": 4}',
      'DELETE {"id": 2, "note": null, "price": 4} -',
    ]);
    const { rows } = await db.query<{ row: string }>(
      `select audit.whole_row(l)::text as row from audit.log l where op = 'CHANGE' order by id`,
    );
    expect(rows.map(({ row }) => row)).toEqual([
      '{"id": 1, "note": "a", "price": 1.00}',
      '{"id": 1, "note": null, "price": 1.00}',
      '{"id": 1, "note": null, "price": 1.00}',
      '{"id": 2, "note": null, "price": 4}',
    ]);
    await db.query(`delete from audit.log where op = 'SNAPSHOT'`);
    const { rows: first } = await db.query(
      `select audit.whole_row(l) as row from audit.log l where op = 'CHANGE' order by id limit 1`,
    );
    expect(first).toEqual([{ row: null }]);
    await db.query(`${upgradeSql()} insert into prices values (3, 1, 'b'); update prices set price = 2`);
    expect((await images()).at(-1)).toBe(
      'UPDATE {"id": 3, "note": "b", "price": 1} {"id": 3, "note": "b", "price": 2}',
    );
    await db.query(`${upgradeSql(options)} update prices set price = 3`);
    expect((await images()).at(-1)).toBe('CHANGE {"id": 3, "price": 2} {"id": 3, "price": 3}');
    await db.query(uninstallSql({ discardRecords: true }));
  });

  test('a baseline lets writers go on, and puts no snapshot behind the record of a later change', async () => {
    const db = await installed();
    const writer = await another(db);
    await writer.query(`insert into clients select i, 'old' from generate_series(1, 4) i`);
    await db.query('delete from audit.log');
    await writer.query(`begin; update clients set name = 'before' where id = 1`);
    const counted = db.query(`begin; select audit.baseline('clients')`);
    const isWaiting = `select from pg_locks where not granted and relation = 'clients'::regclass`;
    await expect.poll(async () => (await writer.query(isWaiting)).rowCount, { timeout: 20_000 }).toBe(1);
    await writer.query('commit');
    await counted;
    await writer.query(`set lock_timeout = '2s'; update clients set name = 'after' where id = 2; delete from clients where id = 3;
      insert into clients values (5)`);
    await db.query('commit');
    const { rows } = await db.query<{ line: string }>(
      `select concat_ws(' ', op, pk ->> 'id', old_row ->> 'name', new_row ->> 'name') as line from audit.log order by pk, id`,
    );
    expect(rows.map(({ line }) => line)).toEqual([
      'UPDATE 1 old before',
      'SNAPSHOT 1 before',
      'SNAPSHOT 2 old',
      'UPDATE 2 old after',
      'SNAPSHOT 3 old',
      'DELETE 3 old',
      'SNAPSHOT 4 old',
      'INSERT 5',
    ]);
  });

  test('a baseline says beforehand how many rows it records, and goes on where it was cut off', async () => {
    const db = await connect();
    await db.query(`insert into clients select i from generate_series(1, 100001) i; analyze clients`);
    const warnings: (string | undefined)[] = [];
    db.on('notice', ({ message }) => warnings.push(message));
    const script = installSql({ ...everything, baseline: true });
    expect(script.split('begin;')[0]).toContain('about 10 s for 100,000 rows');
    expect(installSql(everything)).not.toContain('for 100,000 rows');
    await db.query(script);
    expect(warnings).toEqual(['about 100001 rows become records after this, for about 10 s']);
    await db.query(
      `create table later (id int primary key); insert into later values (1); delete from audit.log where table_name = 'later'`,
    );
    await db.query(script);
    expect(await recorded(db)).toHaveLength(100_002);
    expect(warnings).toHaveLength(1);
  });

  test('only what is in scope is recorded, underscores being underscores', async () => {
    const db = await installed({
      scope: {
        include: ['public.client_*', 'crm.*'],
        exclude: [{ table: 'public.client_cache', reason: "it's rebuilt" }],
      },
      baseline: false,
    });
    await db.query('create schema crm; create table crm.cases (id int primary key)');
    await db.query('create table client_cache (id int); create table client_notes (id int primary key)');
    await db.query(`insert into crm.cases values (1); insert into client_cache values (1);
      insert into client_notes values (1); insert into clients values (1)`);
    expect(await recorded(db)).toEqual(['INSERT cases {"id": 1}', 'INSERT client_notes {"id": 1}']);
  });

  test('names that need quotes are quoted', async () => {
    const db = await connect();
    await db.query(`create schema "Odd ""one"; create table "Odd ""one"."It's" ("the key" int primary key)`);
    await db.query(installSql({ scope: { include: ['*.*'], exclude: [] }, baseline: true }));
    await db.query(`insert into "Odd ""one"."It's" values (1)`);
    expect(await recorded(db)).toEqual([`INSERT It's {"the key": 1}`]);
  });

  test('a trigger that somebody disabled stays so', async () => {
    const db = await installed();
    await db.query('alter table clients disable trigger kop_audit_row; alter table clients add column x int');
    await db.query('select audit.enrol_all()');
    await db.query(upgradeSql());
    await db.query('insert into clients values (1)');
    expect(await recorded(db)).toEqual([]);
  });

  test('a trigger that somebody gave a condition stays so, and no later ALTER TABLE fails for it', async () => {
    const db = await installed();
    await db.query(`drop trigger kop_audit_row on clients; create trigger kop_audit_row after insert or update or delete on clients
      for each row when (pg_trigger_depth() = 0) execute function audit.record('id')`);
    await db.query('alter table clients enable always trigger kop_audit_row; alter table clients add column x int');
    await db.query('insert into clients values (1)');
    expect(await recorded(db)).toEqual(['INSERT clients {"id": 1}']);
  });

  test('partitions are made ahead, and nothing is lost where there is none', async () => {
    const db = await installed();
    const leaves = async () =>
      (
        await db.query(
          `select relid::regclass::text as leaf from pg_partition_tree('audit.log') where isleaf order by 1`,
        )
      ).rows;
    expect(await leaves()).toHaveLength(5);
    expect((await db.query('select audit.maintain_partitions(3)')).rows).toEqual([]);
    expect((await db.query('select audit.maintain_partitions(4)')).rows).toHaveLength(1);
    await db.query(`insert into audit.log (op, relid, table_schema, table_name, ts)
      values ('INSERT', 1, 'x', 'y', date_trunc('month', now()) + interval '5 months 3 days')`);
    expect((await db.query('select audit.maintain_partitions(6)')).rows).toHaveLength(1);
    expect((await db.query('select count(*)::int as n from audit.log_default')).rows).toEqual([{ n: 1 }]);
  });

  test('partitions are made while writers are in the middle of their transactions, and those after them wait for nothing', async () => {
    const db = await installed();
    const writer = await another(db);
    await writer.query('begin; insert into clients values (1)');
    await db.query('begin');
    expect((await db.query('select audit.maintain_partitions(4)')).rows).toHaveLength(1);
    // As a month that was disposed of is emptied.
    await db
      .query(`select format('truncate audit.log_%s', to_char(now() + interval '1 month', 'YYYY_MM')) as sql`)
      .then(({ rows }) => db.query(`set local lock_timeout = '2s'; ${rows[0].sql}`));
    await writer.query(
      `set lock_timeout = '2s'; insert into clients values (2); commit; insert into clients values (3)`,
    );
    await db.query('commit');
    expect(await recorded(db)).toHaveLength(3);
    const { rows } = await db.query(`select count(distinct indrelid)::int as leaves, count(*)::int as indexes
      from pg_index where indrelid in (select relid from pg_partition_tree('audit.log') where isleaf)`);
    expect(rows).toEqual([{ leaves: 6, indexes: 24 }]);
    const { rows: parts } = await db.query(
      `select count(*)::int as n from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid`,
    );
    expect(parts).toEqual([{ n: 24 }]);
  });

  test('running it again changes nothing', async () => {
    const db = await installed();
    await db.query('insert into clients values (1)');
    const fingerprint = async () =>
      (await db.query(`select t.oid, t.xmin::text from pg_trigger t where tgname like 'kop_audit_%' order by 1`)).rows;
    const before = await fingerprint();
    await db.query(installSql(everything));
    expect(await fingerprint()).toEqual(before);
    expect(await recorded(db)).toEqual(['INSERT clients {"id": 1}']);
  });

  test.each([
    ['a schema', 'create schema audit; create table audit.record_version (id int)', 'schema "audit" exists'],
    [
      'a table',
      `create schema audit; comment on schema audit is 'MARK'; create table audit.log (id int)`,
      'table audit.log exists',
    ],
    [
      'a trigger',
      `create function f() returns trigger language plpgsql as 'begin return null; end';
      create trigger kop_audit_row after insert on clients for each row execute function f()`,
      'trigger kop_audit_row on',
    ],
    [
      'an event trigger',
      `create function g() returns event_trigger language plpgsql as 'begin end';
      create event trigger kop_audit_ddl on ddl_command_end execute function g()`,
      'event trigger kop_audit_ddl exists',
    ],
  ])('%s of the same name that it did not make is left alone', async (_, sql, message) => {
    const db = await connect();
    await db.query(sql.replace('MARK', 'Kingston Observability Pack: audit trail, made by kop audit install'));
    await expect(db.query(installSql(everything))).rejects.toThrow(message);
    await db.query('rollback');
    await expect(db.query(uninstallSql({ discardRecords: true }))).rejects.toThrow();
    await db.query('rollback');
    expect((await db.query(`select from pg_trigger where tgname = 'kop_audit_truncate'`)).rowCount).toBe(0);
  });

  test('an upgrade restores what belongs to the version, and wants something to upgrade', async () => {
    const db = await installed();
    await db.query(
      `create or replace function audit.record() returns trigger language plpgsql as 'begin return null; end'`,
    );
    await db.query(upgradeSql());
    await db.query('insert into clients values (1)');
    expect(await recorded(db)).toHaveLength(1);
    await db.query('update audit.installation set version = 99');
    for (const sql of [upgradeSql(), installSql(everything)]) {
      await expect(db.query(sql)).rejects.toThrow('version 99 is installed');
      await db.query('rollback');
    }
    const empty = await connect();
    await expect(empty.query(upgradeSql())).rejects.toThrow('there is nothing to upgrade');
  });

  test('an installation of version 1 becomes one of this version, and goes on recording', async () => {
    const db = await installed();
    await db.query(`insert into clients values (1); update audit.installation set version = 1;
      alter table audit.log add constraint log_op_check check (op in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'SNAPSHOT'));
      create or replace function audit.record() returns trigger language plpgsql as 'begin return null; end';
      alter table audit.log alter new_row set storage main; drop function audit.bounded_key(jsonb)`);
    await expect(db.query(installSql(everything))).rejects.toThrow('version 1 is installed');
    await db.query('rollback');
    await db.query(upgradeSql());
    await db.query('insert into clients values (2)');
    expect(await recorded(db)).toEqual(['INSERT clients {"id": 1}', 'INSERT clients {"id": 2}']);
    const { rows } = await db.query('select version from audit.installation order by version');
    expect(rows).toEqual([{ version: 1 }, { version: 3 }]);
    expect((await db.query(`select from pg_constraint where conname = 'log_op_check'`)).rowCount).toBe(0);
    // On each partition: pglz, where the server has nothing else, costs more than it saves.
    const stored = await db.query(`select distinct a.attcompression = 'l' as is_lz4, a.attstorage = 'e' as is_plain,
        (select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression') as has_lz4
      from pg_partition_tree('audit.log') t join pg_attribute a on a.attrelid = t.relid and a.attname in ('old_row', 'new_row')`);
    const { has_lz4 } = stored.rows[0];
    expect(stored.rows).toEqual([{ is_lz4: has_lz4, is_plain: !has_lz4, has_lz4 }]);
  });

  test('uninstalling keeps records until told otherwise, and then leaves nothing', async () => {
    const db = await connect();
    const objects = async () =>
      (
        await db.query(`
          select 'table ' || oid::regclass::text as name from pg_class where relnamespace::regnamespace::text !~ '^pg_|information_schema'
          union select 'function ' || oid::regproc::text from pg_proc where pronamespace::regnamespace::text !~ '^pg_|information_schema'
          union select 'schema ' || nspname from pg_namespace
          union select 'event trigger ' || evtname from pg_event_trigger
          union select 'trigger ' || tgname from pg_trigger
          union select 'acl ' || relname || relacl::text from pg_class where relacl::text like '%kop_audit%'
          order by 1`)
      ).rows;
    const before = await objects();
    await db.query(installSql(everything));
    await db.query('insert into clients values (1)');
    await expect(db.query(uninstallSql({ discardRecords: false }))).rejects.toThrow('audit.log holds records');
    await db.query('rollback');
    expect(await recorded(db)).toHaveLength(1);
    await db.query(uninstallSql({ discardRecords: true }));
    expect(await objects()).toEqual(before);
    await db.query('insert into clients values (2)');
  });

  test('uninstalling leaves the roles, and their members, to the other databases of the server', async () => {
    const db = await installed();
    const member = `witness_${databases}`;
    const members = async () =>
      (
        await db.query<{ name: string }>(
          `select roleid::regrole::text as name from pg_auth_members where member::regrole::text = $1 order by 1`,
          [member],
        )
      ).rows.map(({ name }) => name);
    const granted = ['kop_audit_observer', 'kop_audit_sealer', 'kop_audit_witness'];
    await db.query(`create role ${member}; grant ${granted.join(', ')} to ${member}`);
    const other = await installed();
    await other.query(uninstallSql({ discardRecords: true }));
    expect(await members()).toEqual(granted);
  });

  test('uninstalling does not take what others keep in the schema', async () => {
    const db = await installed();
    await db.query('create table audit.mine (id int)');
    await expect(db.query(uninstallSql({ discardRecords: true }))).rejects.toThrow('cannot drop schema audit');
    await db.query('rollback');
    await db.query('insert into clients values (1)');
    expect(await recorded(db)).toHaveLength(1);
  });
});

test('where no other database uses them, the roles go too', async () => {
  const [major = 17] = majors;
  const server = await borrowPostgres(major);
  onTestFinished(() => server.close());
  const db = await open(server.adminUrl);
  onTestFinished(() => db.end());
  const roles = async () => (await db.query(`select from pg_roles where rolname like 'kop%'`)).rowCount;
  await db.query('create table clients (id int primary key)');
  await db.query(installSql({ ...everything, baseline: true }));
  expect(await roles()).toBe(4);
  await db.query(uninstallSql({ discardRecords: false }));
  expect(await roles()).toBe(0);
});

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

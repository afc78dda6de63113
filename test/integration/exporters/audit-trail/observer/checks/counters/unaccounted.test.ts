/** Changes that counters show and nothing else does: neither explained away, nor a page, nor forgotten. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { declare } from '../../../../../../../exporters/audit-trail/index.js';
import { objections } from '../../../../../../../exporters/audit-trail/inspect/objections.js';
import { statusOf } from '../../../../../../../exporters/audit-trail/inspect/status.js';
import { MemoryDirectory } from '../../../../../../../exporters/audit-trail/observer/memory.js';
import { createWitness } from '../../../../../../../exporters/audit-trail/witness/index.js';
import { silentLogger } from '../../../../../../../exporters/runtime/log.js';
import { looseFolder } from '../../../../../../../exporters/runtime/state/index.js';
import { SecretText } from '../../../../../../../pack/index.js';
import { observed } from '../../../../../../support/audit-trail/observed.js';
import { enrol } from '../../../../../../support/audit-trail/schema.js';

const lab = observed();
const accounts = 'public.accounts';
const open = (invariant: string, direction: string) =>
  lab.watching.metric('audit_trail_unaccounted_changes', { invariant, direction });
const total = (invariant: string, direction: string) =>
  lab.watching.metric('audit_trail_unaccounted_changes_total', { invariant, direction });
const all = () => [
  open('operations_calls', 'above'),
  open('operations_calls', 'below'),
  open('calls_records', 'above'),
  open('calls_records', 'below'),
];
/** What `kop audit status` says of it; as anything in it, that makes its exit code 1. */
const wrong = () => {
  const status = statusOf(lab.watching.observer.state);
  return [...status.unaccounted.map(({ sentence }) => sentence), ...objections(lab.fixture.trail, status)];
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kop-unaccounted-'));
});
afterEach(() => rm(folder, { recursive: true }));

const store = () => new MemoryDirectory(looseFolder(folder), silentLogger);

/** Origin triggers, which the replica role silences. */
async function begin(): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql('alter table accounts enable trigger audit_row');
  lab.watch({ store: store(), declarations: folder });
  await looks(1);
  await lab.fixture.sql("insert into accounts (name) select 'a' || i from generate_series(1, 20) i");
  await looks(2);
  expect(lab.watching.state(accounts)).toBe('ok');
  expect(all()).toEqual([0, 0, 0, 0]);
}

async function looks(n: number): Promise<void> {
  for (let look = 0; look < n; look += 1) await lab.watching.look();
}

const comeAndGo = (n: number) => `set session_replication_role = replica;
  insert into accounts (id, name) select i, 'gone' from generate_series(9001, 9000 + ${n}) i; delete from accounts where id > 9000`;

/** Ended while the trigger writes its record, as by a time-out: the record was counted, and the call was not. */
async function stopped(n: number, by: 'pg_cancel_backend' | 'pg_terminate_backend'): Promise<void> {
  await lab.fixture.sql(`create function stop() returns trigger language plpgsql as
      'begin perform ${by}(pg_backend_pid()); perform pg_sleep(5); return null; end';
    create trigger late after insert on audit.log for each row execute function stop()`);
  let client: Awaited<ReturnType<typeof lab.fixture.connect>> | undefined;
  for (let i = 0; i < n; i += 1) {
    if (client === undefined || by === 'pg_terminate_backend') client = await lab.fixture.connect();
    await client.query('update accounts set balance = balance + 1 where id = 1').catch(() => undefined);
  }
  await client?.end();
  // A process reports the last of what it counted when it ends, which it does after it said goodbye.
  await vi.waitFor(async () => {
    const left = await lab.fixture.sql(
      "select 1 from pg_stat_activity where datname = current_database() and application_name = '' and pid <> pg_backend_pid()",
    );
    expect(left.rows).toEqual([]);
  });
  await lab.fixture.sql('drop trigger late on audit.log; drop function stop()');
}

/** A time-out is a cancellation; this one comes at the same place, however busy the machine is. */
const timedOut = (n: number) => stopped(n, 'pg_cancel_backend');

test('rows inserted and deleted past the triggers stay, for ever', async () => {
  await begin();
  await lab.fixture.sql(comeAndGo(50));
  await looks(2);
  expect(all()).toEqual([100, 0, 0, 0]);
  expect(total('operations_calls', 'above')).toBe(100);
  expect([lab.watching.state(accounts), lab.watching.reason(accounts)]).toEqual([
    'ok',
    'rows and records agree; 100 changes of this trail left nothing that can be compared',
  ]);
  expect(wrong()).toEqual([
    expect.stringMatching(
      /^100 row changes for which no trigger was called, between .*public\.accounts \(50 inserted, 0 updated, 50 deleted\); as many inserts as deletes are a hint/,
    ),
  ]);
  await lab.fixture.sql("update accounts set balance = 3; insert into accounts (name) values ('later')");
  await looks(3);
  expect(all()).toEqual([100, 0, 0, 0]);
  expect(lab.watching.metric('audit_trail_missing_events_total')).toBe(0);
});

test('statements that time out while the trigger writes its record: no fault, and the same numbers for ever', async () => {
  await begin();
  await timedOut(60);
  await looks(2);
  expect(all()).toEqual([60, 0, 0, 60]);
  expect(wrong()).toEqual([
    expect.stringMatching(/^60 row changes for which no trigger was called/),
    expect.stringMatching(/^60 records that no call of the trigger wrote to its end/),
  ]);
  expect(lab.watching.metric('audit_trail_unexplained_events_total')).toBe(0);
  expect(lab.watching.state(accounts)).toBe('ok');
  await looks(2);
  expect(all()).toEqual([60, 0, 0, 60]);
});

test('sessions that are terminated while they write: the same, and neither a fault nor a page', async () => {
  await begin();
  await stopped(6, 'pg_terminate_backend');
  await looks(2);
  expect(all()).toEqual([6, 0, 0, 6]);
  expect(wrong()).toEqual([
    expect.stringMatching(/^6 row changes for which no trigger was called/),
    expect.stringMatching(/^6 records that no call of the trigger wrote to its end, .*sessions that were ended/),
  ]);
  expect(lab.watching.metric('audit_trail_missing_events_total')).toBe(0);
  expect(lab.watching.metric('audit_trail_unexplained_events_total')).toBe(0);
  // What pages: these two equalities, and a table that is confirmed.
  for (const invariant of ['records_sequence', 'records_mutated'])
    expect(lab.watching.metric('audit_trail_counter_residual', { invariant }) ?? 0).toBe(0);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('both together: rows that came and went, and statements that timed out', async () => {
  await begin();
  await lab.fixture.sql(comeAndGo(50));
  await timedOut(60);
  await looks(2);
  expect(all()).toEqual([160, 0, 0, 60]);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('the same and one forged record: that is confirmed, and the rest is unaccounted', async () => {
  await begin();
  await timedOut(60);
  await lab.fixture.sql(
    `insert into audit.log (op, table_schema, table_name, pk, new_row) values ('INSERT', 'public', 'accounts', '{"id": 777}', '{"id": 777, "name": "x"}')`,
  );
  await looks(2);
  expect(lab.watching.metric('audit_trail_unexplained_events_total', { operation: 'INSERT' })).toBe(1);
  expect(lab.watching.metric('audit_trail_missing_events_total')).toBe(0);
  expect(lab.watching.state(accounts)).toBe('confirmed');
  expect(all()).toEqual([60, 0, 0, 60]);
});

test('a lost record that comes later is missing, and not forged, because fewer calls than records are known', async () => {
  await begin();
  await timedOut(5);
  await looks(2);
  await lab.fixture.sql('set session_replication_role = replica; delete from accounts where id = 3');
  await looks(2);
  expect(lab.watching.metric('audit_trail_missing_events_total', { operation: 'DELETE' })).toBe(1);
  expect(lab.watching.metric('audit_trail_unexplained_events_total')).toBe(0);
  expect(all()).toEqual([5, 0, 0, 5]);
});

test('neither direction makes up for the other', async () => {
  await begin();
  // A function that forgets to write, as often as another is stopped while it writes.
  await lab.fixture.sql(`create table keep as select prosrc from pg_proc where proname = 'record';
    create or replace function audit.record() returns trigger language plpgsql security definer set search_path = pg_catalog set "TimeZone" = 'UTC' set extra_float_digits = 1 as 'begin return null; end';
    insert into accounts (id, name) select i, 'gone' from generate_series(9001, 9006) i; delete from accounts where id > 9000;
    do $$ begin execute format('create or replace function audit.record() returns trigger language plpgsql security definer set search_path = pg_catalog set "TimeZone" = ''UTC'' set extra_float_digits = 1 as %L', (select prosrc from keep)); end $$; drop table keep`);
  await looks(2);
  await timedOut(12);
  await looks(2);
  expect(all()).toEqual([12, 0, 12, 12]);
  expect(lab.watching.metric('audit_trail_counter_residual', { invariant: 'calls_records' })).toBe(0);
});

/** Calls of which no change is counted: the table comes and goes between two polls. */
const brief = (n: number) => `create table brief (id bigint primary key); ${enrol('public.brief')}
  insert into brief select generate_series(1, ${n}); drop table brief`;

test('nor while both are still looked into', async () => {
  await begin();
  const look = () => lab.watching.observer.runFastChecks(AbortSignal.timeout(10_000));
  await lab.fixture.sql(comeAndGo(25));
  await look();
  await look();
  expect(lab.watching.state(accounts)).toBe('suspect');
  await lab.fixture.sql(brief(50));
  await look();
  await looks(3);
  expect(all()).toEqual([50, 50, 0, 0]);
  expect(lab.watching.metric('audit_trail_counter_residual', { invariant: 'operations_calls' })).toBe(0);
});

test('a statement that fails midway: nothing is known of its rows', async () => {
  await begin();
  await lab.fixture.sql(
    "do $$ begin insert into accounts (id, name) select i, 'f' from unnest(array[7000, 7001, 7002, 7003, 1]) i; exception when unique_violation then null; end $$",
  );
  await looks(2);
  expect(all()).toEqual([5, 0, 0, 0]);
  expect(wrong()).toEqual([expect.stringMatching(/inserts alone are a hint at a statement that failed midway/)]);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('a backend that is terminated while it changes rows', async () => {
  await begin();
  const client = await lab.fixture.connect();
  const { rows } = await client.query('select pg_backend_pid() as pid');
  const slow = client.query('do $$ begin update accounts set balance = 9; perform pg_sleep(20); end $$').then(
    () => 'ended',
    () => 'cut off',
  );
  await lab.fixture.sql(`select pg_sleep(0.3), pg_terminate_backend(${rows[0].pid})`);
  expect(await slow).toBe('cut off');
  await looks(3);
  expect(lab.watching.metric('audit_trail_missing_events_total')).toBe(0);
  expect(lab.watching.metric('audit_trail_unexplained_events_total')).toBe(0);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('rows that were written and truncated in one transaction are counted exactly', async () => {
  await begin();
  await lab.fixture.sql(
    "begin; insert into accounts (name) select 'x' from generate_series(1, 30); update accounts set balance = 4; truncate accounts; insert into accounts (name) values ('after'); commit",
  );
  await looks(3);
  expect(all()).toEqual([0, 0, 0, 0]);
  expect(lab.watching.metric('audit_trail_counter_residual', { invariant: 'operations_calls' })).toBe(0);
  expect(wrong()).toEqual([]);
});

test('a table that is dropped takes counts with it that were not reported yet, and its records tell of them', async () => {
  await begin();
  await lab.fixture.sql(`create table scratch (id bigint primary key, v text); ${enrol('public.scratch')};
    grant select on scratch to ${lab.fixture.observerRole}`);
  await lab.fixture.sql("insert into scratch select i, 'v' from generate_series(1, 50) i");
  await looks(2);
  await lab.fixture.sql('delete from scratch; drop table scratch');
  await looks(3);
  expect(all()).toEqual([0, 0, 0, 0]);
  expect(lab.watching.memory().checks.counters.explained).toMatchObject([
    { by: 'dropped', amount: -50, evidence: expect.stringMatching(/^public\.scratch was dropped/) },
  ]);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('what is open outlives the observer, also one that was killed, and a reset of the statistics', async () => {
  await begin();
  await lab.fixture.sql(comeAndGo(50));
  await looks(2);
  const { memory } = lab.watching;
  await lab.fixture.sql('select pg_stat_reset()');
  await looks(2);
  expect(memory().epoch?.reason).toBe('stats_reset');
  expect([all(), total('operations_calls', 'above')]).toEqual([[100, 0, 0, 0], 100]);
  await lab.watching.close();
  lab.watch({ store: store(), declarations: folder });
  expect(all()).toEqual([undefined, undefined, undefined, undefined]);
  await looks(1);
  expect([all(), total('operations_calls', 'above')]).toEqual([[100, 0, 0, 0], 100]);
});

test('what is still looked into is not forgotten by a reset of the statistics', async () => {
  await begin();
  await lab.fixture.sql(comeAndGo(50));
  await lab.watching.observer.runFastChecks(AbortSignal.timeout(10_000));
  await lab.watching.observer.runFastChecks(AbortSignal.timeout(10_000));
  expect(all()).toEqual([0, 0, 0, 0]);
  expect(lab.watching.state(accounts)).toBe('suspect');
  await lab.fixture.sql('select pg_stat_reset()');
  await looks(3);
  expect(all()).toEqual([100, 0, 0, 0]);
});

test('a baseline of the whole trail ends it, with its name and reason; the counter stays', async () => {
  await begin();
  await lab.fixture.sql(comeAndGo(50));
  await looks(2);
  const declaration = { kind: 'baseline', by: 'carol', reason: 'a load test, ticket 12' } as const;
  await declare(folder, 'test', { ...declaration, tables: [accounts], at: '2026-03-01T10:00:00Z' });
  await looks(2);
  expect(all()).toEqual([100, 0, 0, 0]);
  await declare(folder, 'test', { ...declaration, at: '2026-03-01T11:00:00Z' });
  await looks(3);
  expect([all(), total('operations_calls', 'above')]).toEqual([[0, 0, 0, 0], 100]);
  expect([lab.watching.state(accounts), lab.watching.reason(accounts)]).toEqual(['ok', 'every change is recorded']);
  expect(wrong()).toEqual([]);
  expect(lab.watching.memory().checks.counters.explained).toMatchObject([
    { by: 'baseline', evidence: 'baseline declared by carol: a load test, ticket 12', amount: 100 },
  ]);
});

test('maintenance that was declared before explains it, and keeps the evidence', async () => {
  await begin();
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  await declare(folder, 'test', {
    kind: 'maintenance',
    by: 'carol',
    reason: 'migration 12',
    at: at(0),
    from: at(-1000),
    until: at(60_000),
  });
  await looks(1);
  await lab.fixture.sql(comeAndGo(50));
  await looks(2);
  expect(all()).toEqual([0, 0, 0, 0]);
  expect(lab.watching.memory().checks.counters.explained).toMatchObject([{ by: 'maintenance', amount: 100 }]);
});

test('a maintenance of one table of a busy trail explains what its own counters say, and nothing of another table', async () => {
  await begin();
  await lab.fixture.sql('alter table holdings enable trigger audit_row');
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const common = { kind: 'maintenance', by: 'carol', reason: 'migration 12', at: at(0) } as const;
  await declare(folder, 'test', { ...common, tables: [accounts], from: at(-1000), until: at(60_000) });
  await looks(1);
  await lab.fixture.sql(
    "insert into holdings select i, 'f', i from generate_series(1, 40) i; update accounts set balance = 8",
  );
  await lab.fixture.sql(comeAndGo(3));
  await lab.fixture.sql(
    "set session_replication_role = replica; insert into holdings values (90, 'x', 1), (91, 'x', 1); delete from holdings where account_id >= 90",
  );
  await looks(2);
  expect(all()).toEqual([4, 0, 0, 0]);
  expect(lab.watching.memory().checks.counters.explained).toMatchObject([{ by: 'maintenance', amount: 6 }]);
  expect(lab.watching.metric('audit_trail_missing_events_total')).toBe(0);
});

test('a change in the last second of a maintenance settles after its end, and is explained by it', async () => {
  await lab.prepare();
  await lab.fixture.sql('alter table accounts enable trigger audit_row; alter table holdings enable trigger audit_row');
  let now = Date.now();
  lab.watch({ store: store(), declarations: folder, observer: { settleMs: 11_000, now: () => now } });
  const polls = async (n: number) => {
    for (let poll = 0; poll < n; poll += 1) {
      now += 15_000;
      await lab.watching.observer.runFastChecks(AbortSignal.timeout(10_000));
      await lab.watching.observer.runExactChecks(AbortSignal.timeout(10_000));
    }
  };
  await polls(4);
  const at = new Date(now).toISOString();
  const until = new Date(now + 60_000).toISOString();
  const common = { by: 'carol', reason: 'migration 12', tables: [accounts] };
  await declare(folder, 'test', { ...common, kind: 'maintenance', at, from: at, until });
  await polls(3);
  now += 14_000;
  await lab.fixture.sql(comeAndGo(3));
  await lab.fixture.sql("insert into holdings values (1, 'f', 1)");
  await polls(10);
  expect(all()).toEqual([0, 0, 0, 0]);
  expect(lab.watching.memory().checks.counters.explained).toMatchObject([{ by: 'maintenance', amount: 6 }]);
  await lab.fixture.sql(comeAndGo(3));
  await polls(10);
  expect(all()).toEqual([6, 0, 0, 0]);
});

test('a witness that decodes the log confirms what was committed, and explains what was not', async () => {
  await lab.prepare();
  await lab.fixture.sql('alter table accounts enable trigger audit_row');
  const slot = `unaccounted_${process.pid}`;
  await lab.fixture.sql(`select pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
  const database = { ...lab.fixture.trail.database, url: SecretText.literal(lab.fixture.url) };
  const witness = createWitness({ kind: 'decoding', slot, database }, { log: silentLogger });
  try {
    lab.watch({ store: store(), declarations: folder, witness });
    await lab.fixture.sql("insert into accounts (name) values ('a')");
    await looks(3);
    await lab.fixture.sql(
      "do $$ begin insert into accounts (id, name) select i, 'f' from unnest(array[7000, 7001, 7000]) i; exception when unique_violation then null; end $$",
    );
    await timedOut(20);
    await looks(3);
    expect(all()).toEqual([0, 0, 0, 0]);
    expect(lab.watching.memory().checks.counters.explained).toMatchObject([
      { by: 'witness', invariant: 'calls_records', amount: -20 },
      { by: 'witness', amount: 23, evidence: expect.stringMatching(/^nothing was committed without a record/) },
    ]);
    expect(wrong()).toEqual([]);
    await lab.fixture.sql(comeAndGo(50));
    await looks(3);
    expect(lab.watching.state(accounts)).toBe('confirmed');
    expect(lab.watching.metric('audit_trail_missing_events_total', { table: accounts, operation: 'INSERT' })).toBe(50);
    expect(lab.watching.metric('audit_trail_missing_events_total', { table: accounts, operation: 'DELETE' })).toBe(50);
    expect(all()).toEqual([0, 0, 0, 0]);
  } finally {
    await witness.close();
    await lab.fixture.sql(`select pg_drop_replication_slot('${slot}')`);
  }
});

/** What happens between two looks, or between two steps of one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { declare } from '../../../../../exporters/audit-trail/index.js';
import { statusOf } from '../../../../../exporters/audit-trail/inspect/status.js';
import { observed } from '../../../../support/audit-trail/observed.js';
import { bypassed, enrol, snapshot } from '../../../../support/audit-trail/schema.js';

const lab = observed();

const signal = () => AbortSignal.timeout(30_000);
const accounts = 'public.accounts';

async function begin(prepare = ''): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql(`set app.actor = 'ann'; ${prepare};
    insert into accounts (id, name) select i, 'a' from generate_series(1, 5) i; update accounts set balance = 1;
    insert into holdings values (1, 'f', 1)`);
  lab.watch();
  await lab.watching.look();
}

test('rows written anew in other storage are no changes, also when they are compared before a quick look', async () => {
  await begin();
  await lab.fixture.sql(`insert into accounts (id, name) values (9, 'seen'); update accounts set balance = 2`);
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('ok');
  await lab.fixture.sql('alter table accounts set unlogged');
  await lab.watching.observer.runExactChecks(signal());
  expect(lab.watching.metric('audit_trail_missing_events_total', { table: accounts })).toBe(0);
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('explained');
  await lab.fixture.sql('update accounts set balance = 3 where id = 9');
  await lab.watching.look();
  expect(lab.watching.metric('audit_trail_missing_events_total', { table: accounts })).toBe(0);
});

test('a table that is dropped after it was planned to be compared is no lack of evidence', async () => {
  await begin();
  await lab.fixture.sql('create table passing (id int primary key)');
  await lab.watching.observer.runFastChecks(signal());
  await lab.fixture.sql('drop table passing');
  await lab.watching.observer.runExactChecks(signal());
  expect(lab.watching.metric('audit_trail_evidence_state', { source: 'replay', state: 'degraded' })).toBe(0);
});

const passing = 'public.passing';
const make = () => `create table passing (id int primary key, v text); ${enrol(passing)};
  grant select on passing to ${lab.fixture.observerRole}; insert into passing select i, 'v' from generate_series(1, 5) i`;
/** As a restore leaves it, or somebody who wants a row to be gone: the rows stay, the table is another. */
const copy = (where = '') =>
  `create table other (like passing including all); insert into other select * from passing ${where}; drop table passing`;
const takeName = () =>
  `alter table other rename to passing; ${enrol(passing)}; grant select on passing to ${lab.fixture.observerRole}`;
const missing = (operation: string) =>
  lab.watching.metric('audit_trail_missing_events_total', { table: passing, operation });

test.each(['reading', 'replay'])(
  'a key that is redefined between the plan and the %s by it is no fault',
  async (name) => {
    await begin();
    await lab.fixture.sql(`${make()}; ${snapshot('public', 'passing')}`);
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    expect(lab.watching.state(passing)).toBe('ok');
    const { loop } = lab.watching.observer;
    const run = loop.run.bind(loop);
    let isDue = true;
    const between = vi.spyOn(loop, 'run').mockImplementation(async (slot, check, poll) => {
      if (check.name === name && isDue) {
        isDue = false;
        await lab.fixture.sql('alter table passing drop constraint passing_pkey, add primary key (id, v)');
        await lab.fixture.sql("update passing set v = 'w' where id = 1");
      }
      return run(slot, check, poll);
    });
    await lab.watching.observer.runExactChecks(signal());
    between.mockRestore();
    expect(isDue).toBe(false);
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    expect([lab.watching.state(passing), missing('INSERT'), missing('UPDATE'), missing('DELETE')]).toEqual([
      'ok',
      0,
      0,
      0,
    ]);
  },
);

async function acknowledge(folder: string): Promise<void> {
  await declare(folder, 'test', { kind: 'baseline', reason: 'a deployment', by: 'ann', at: new Date().toISOString() });
  await lab.watching.look();
  await lab.watching.look();
}

test('a table that takes the name of one that was dropped is a fault of its own, until a person explains it', async () => {
  await begin();
  await lab.fixture.sql(make());
  const folder = await mkdtemp(join(tmpdir(), 'kop-between-'));
  await lab.watching.close();
  lab.watch({ declarations: folder });
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state(passing)).toBe('ok');
  await lab.fixture.sql(`drop table passing; ${make()}; delete from passing where id = 5`);
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state(passing)).toBe('confirmed');
  expect(lab.watching.reason(passing)).toMatch(
    /public\.passing was dropped or renamed, and another table has its name/,
  );
  expect([missing('TRUNCATE'), missing('DELETE')]).toEqual([1, 0]);
  await acknowledge(folder);
  expect(lab.watching.state(passing)).not.toBe('confirmed');
  await lab.fixture.sql('alter table passing disable trigger audit_row; delete from passing where id = 4');
  await lab.watching.look();
  expect([missing('TRUNCATE'), missing('DELETE')]).toEqual([1, 1]);
  await rm(folder, { recursive: true });
});

test('a copy without one of the rows does not take the place of a table unseen', async () => {
  await begin();
  await lab.fixture.sql(make());
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state(passing)).toBe('ok');
  await lab.fixture.sql(`${copy('where id <> 5')}; ${takeName()}`);
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state(passing)).toBe('confirmed');
  expect(missing('TRUNCATE')).toBe(1);
});

test('nor does one that comes when a look has found no table of that name: the row that is gone is named', async () => {
  await begin();
  await lab.fixture.sql(make());
  await lab.watching.look();
  await lab.fixture.sql(copy('where id <> 5'));
  await lab.watching.look();
  expect(lab.watching.state(passing)).toBeUndefined();
  await lab.fixture.sql(takeName());
  await lab.watching.look();
  await lab.watching.look();
  expect([lab.watching.state(passing), missing('TRUNCATE'), missing('DELETE')]).toEqual(['confirmed', 0, 1]);
});

test('a partition that is made anew under its name is a fault of its table', async () => {
  await begin();
  await lab.fixture.sql(`insert into visits (what) values ('first')`);
  await lab.watching.look();
  await lab.fixture.sql(
    `drop table visits_1; create table visits_1 partition of visits for values from ('2026-01-01') to ('2026-07-01')`,
  );
  await lab.watching.look();
  expect(lab.watching.state('public.visits')).toBe('confirmed');
  expect(lab.watching.reason('public.visits')).toContain('public.visits_1 was dropped or renamed');
});

test('before the first look, a table made later than its records hides nothing that is gone from it', async () => {
  await lab.prepare();
  await lab.fixture.sql(`${make()}; insert into passing values (6, 'v'); delete from passing where id = 6`);
  await lab.fixture.sql(`${copy()}; ${takeName()}`);
  await lab.fixture.sql(`alter table passing disable trigger audit_row; delete from passing where id = 3;
    alter table passing enable always trigger audit_row`);
  lab.watch();
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state(passing)).toBe('confirmed');
  expect([missing('TRUNCATE'), missing('DELETE')]).toEqual([0, 1]);
});

const asText = 'alter table audit.log alter column old_row type text, alter column new_row type text';
const spoil = (id: number) =>
  lab.fixture.sql(
    `update audit.log set new_row = left(new_row, 9) where id = (select max(id) from audit.log where pk = '{"id": ${id}}')`,
  );

test('records that cannot be read are never said to be fine, at no moment of a look', async () => {
  await begin(asText);
  await lab.fixture.sql('update accounts set balance = 4 where id = 4; update accounts set balance = 5 where id = 4');
  await lab.fixture.sql(
    `update audit.log set old_row = left(old_row, 9) where id = (select max(id) from audit.log where pk = '{"id": 4}')`,
  );
  const said = () =>
    ['ok', 'degraded', 'unknown'].find(
      (state) => lab.watching.metric('audit_trail_evidence_state', { source: 'continuity', state }) === 1,
    );
  await lab.watching.observer.runExactChecks(signal());
  expect(said()).toBe('unknown');
  const close = lab.watching.observer.runExactChecks(signal());
  const seen: (string | undefined)[] = [];
  for (let look = 0; look < 5; look += 1) {
    await lab.watching.observer.runFastChecks(signal());
    seen.push(said());
  }
  await close;
  expect(new Set(seen)).toEqual(new Set(['unknown']));
  expect(lab.watching.state(accounts)).not.toBe('ok');
  expect(lab.watching.state('public.holdings')).not.toBe('ok');
});

test('one record that is no JSON leaves the other tables provable', async () => {
  await begin(asText);
  expect(lab.watching.state(accounts)).toBe('ok');
  await spoil(3);
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('suspect');
  expect(lab.watching.state('public.holdings')).toBe('ok');
  expect(lab.watching.metric('audit_trail_evidence_state', { source: 'replay', state: 'degraded' })).toBe(1);
});

const rename = (from: string, to: string) => lab.fixture.sql(`alter table ${from} rename to ${to}`);
const shown = (table: string) =>
  ['confirmed', 'ok', 'unknown'].map((state) => lab.watching.metric('audit_trail_table_state', { table, state }));
const PROVEN = [1, 0, 0];
const NOT_SHOWN = [undefined, undefined, undefined];

test('a proven fault is not lost by another name: it stays with the name and goes along with the table', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kop-between-'));
  await begin();
  await lab.watching.close();
  lab.watch({ declarations: folder });
  await lab.watching.look();
  await lab.fixture.sql(bypassed('delete from accounts where id = 1'));
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
  await rename('accounts', 'a');
  await lab.watching.look();
  expect([shown(accounts), shown('public.a')]).toEqual([PROVEN, PROVEN]);
  expect(lab.watching.metric('audit_trail_missing_events_total', { table: accounts, operation: 'DELETE' })).toBe(1);
  expect(lab.watching.metric('audit_trail_coverage_ratio', { table: accounts })).toBeUndefined();
  expect(statusOf(lab.watching.observer.state).tables.map(({ table, state }) => `${table} ${state}`)).toEqual([
    'public.a confirmed',
    'public.holdings ok',
    'public.visits ok',
    'public.accounts confirmed',
  ]);
  // Over a restart too.
  const kept = JSON.stringify(lab.watching.memory());
  await lab.watching.close();
  lab.watch({
    declarations: folder,
    store: { load: () => Promise.resolve(JSON.parse(kept)), save: () => Promise.resolve() },
  });
  await lab.watching.look();
  expect([shown(accounts), shown('public.a')]).toEqual([PROVEN, PROVEN]);
  await rename('a', 'accounts');
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect([shown(accounts), shown('public.a')]).toEqual([PROVEN, PROVEN]);
  const baseline = { kind: 'baseline', reason: 'found out', by: 'ann' } as const;
  await declare(folder, 'test', { ...baseline, tables: ['public.a'], at: '2026-03-01T10:00:00Z' });
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect([shown(accounts), shown('public.a')]).toEqual([PROVEN, NOT_SHOWN]);
  await declare(folder, 'test', { ...baseline, tables: [accounts], at: '2026-03-01T11:00:00Z' });
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect([lab.watching.reason(accounts), lab.watching.state(accounts)]).toEqual(['every change is recorded', 'ok']);
  await rm(folder, { recursive: true });
});

test('nor by being dropped', async () => {
  await begin();
  await lab.fixture.sql(bypassed('delete from accounts where id = 1'));
  await lab.watching.look();
  await lab.fixture.sql('drop table accounts');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(shown(accounts)).toEqual(PROVEN);
});

test('a suspicion is not lost by another name either', async () => {
  await begin('insert into accounts (id, name) values (77, $$a$$)');
  await lab.fixture.sql('update accounts set balance = 2 where id = 77');
  await lab.fixture.sql('update accounts set balance = 3 where id = 77');
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('ok');
  await lab.fixture.sql("delete from audit.log where new_row ->> 'balance' = '2.00'");
  await lab.watching.observer.runFastChecks(signal());
  expect(lab.watching.state(accounts)).toBe('suspect');
  await rename('accounts', 'a');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  await rename('a', 'accounts');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
});

test('a table that comes back to its name unchanged is explained, and then ok', async () => {
  await begin();
  await lab.watching.look();
  await rename('accounts', 'a');
  await lab.watching.look();
  expect([shown(accounts), lab.watching.state('public.a')]).toEqual([NOT_SHOWN, expect.stringMatching(/ok|unknown/)]);
  await rename('a', 'accounts');
  await lab.watching.look();
  expect([lab.watching.reason(accounts), lab.watching.state(accounts)]).toEqual([
    'the table had another name for a while without a change of values',
    'explained',
  ]);
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('ok');
});

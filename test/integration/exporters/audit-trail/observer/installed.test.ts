import pg from 'pg';
import { expect, test } from 'vitest';
import { installSql } from '../../../../../exporters/audit-trail/writer/index.js';
import { installedRecords } from '../../../../support/audit-trail/installed.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();

const TYPES = `create table exact (id int primary key, moment timestamptz, day date, hour timetz, span interval, price money,
  share float8, few real, raw bytea, period tstzrange, spans interval[])`;
const VALUES = `'2026-03-29 01:30:00.000001+01', '2026-03-29', '10:00+02', '1 year 2 mons -3 days 04:05:06.7', 1234.5::numeric::money,
  0.1::float8 + 0.2, 0.1, '\\xdeadbeef', '[2026-01-01 00:00+01, 2026-02-01 00:00+01)', '{1 day, -02:00}'`;

/** Whoever pins a setting on one side only makes every row with such a value look changed. */
test('what our own writer records, the observer reads alike, whatever the type', async () => {
  await lab.prepare();
  await lab.fixture.sql('drop schema audit cascade');
  await lab.fixture.sql(TYPES);
  await lab.fixture.sql(`insert into exact select 1, ${VALUES}`);
  await lab.fixture.sql(installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }));
  await lab.fixture.sql(`grant kop_audit_observer to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records: installedRecords } });
  await lab.watching.look();
  await lab.fixture.sql(
    `set timezone = 'Asia/Tokyo'; set intervalstyle = 'iso_8601'; set extra_float_digits = 0; set bytea_output = 'escape';
     insert into exact select 2, ${VALUES}; update exact set day = day + 1`,
  );
  await lab.watching.look();
  await lab.watching.look();
  expect([lab.watching.reason('public.exact'), lab.watching.state('public.exact')]).toEqual([
    'every change is recorded',
    'ok',
  ]);
  // With a record of the same row behind it, so that continuity is asked too.
  for (const change of ["span = span + '1 hour'", "price = price + '1'"])
    await lab.fixture.sql(
      `begin; alter table exact disable trigger kop_audit_row; update exact set ${change} where id = 1;
       alter table exact enable always trigger kop_audit_row; commit; update exact set day = day + 1 where id = 1`,
    );
  await lab.watching.look();
  expect(lab.watching.state('public.exact')).toBe('confirmed');
  expect(lab.watching.metric('audit_trail_continuity_breaks_total', { table: 'public.exact' })).toBe(2);
});

test('rows whose key is too large for an index of the log are watched like any others', async () => {
  await lab.prepare();
  await lab.fixture.sql('drop schema audit cascade');
  await lab.fixture.sql('create table links (url text primary key, hits int)');
  const url = (first: number) =>
    `(select left(string_agg(md5(i::text), ''), 2670) from generate_series(${first}, ${first} + 100) i)`;
  await lab.fixture.sql(`insert into links values (${url(1)}, 1), ('short', 1)`);
  await lab.fixture.sql(installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }));
  await lab.fixture.sql(`grant kop_audit_observer to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records: installedRecords } });
  await lab.watching.look();
  await lab.fixture.sql(`insert into links values (${url(2)}, 1), (${url(3)}, 1); update links set hits = hits + 1;
    update links set url = ${url(4)} where url = ${url(2)}; delete from links where url = ${url(3)}`);
  await lab.watching.look();
  await lab.watching.look();
  expect([lab.watching.reason('public.links'), lab.watching.state('public.links')]).toEqual([
    'every change is recorded',
    'ok',
  ]);
  await lab.fixture.sql(`begin; alter table links disable trigger kop_audit_row; delete from links where url = ${url(1)};
    alter table links enable always trigger kop_audit_row; commit`);
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state('public.links')).toBe('confirmed');
});

test('where only changed columns are recorded, rows are compared whole, and a lost record is found', async () => {
  await lab.prepare();
  await lab.fixture.sql('drop schema audit cascade');
  await lab.fixture.sql(`create table prices (id int primary key, price numeric(9, 2), note text, at timestamptz default now());
    insert into prices select i, i, 'first' from generate_series(1, 4) i`);
  const options = { scope: { include: ['public.prices'], exclude: [] }, baseline: true, changedColumns: true };
  await lab.fixture.sql(installSql(options));
  await lab.fixture.sql(`grant kop_audit_observer to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records: installedRecords } });
  await lab.watching.look();
  for (let turn = 1; turn <= 8; turn += 1)
    await lab.fixture.sql(`update prices set price = price + 1; update prices set note = 'turn ${turn}' where id < 3`);
  await lab.fixture.sql(`update prices set id = 5 where id = 4; update prices set price = 0 where id = 5;
    begin; alter table prices drop column at; alter table prices add column at timestamptz; select audit.baseline('prices'); commit;
    update prices set price = 7 where id = 3; insert into prices values (6, 1, 'new'); update prices set note = 'x' where id = 6; delete from prices where id = 6`);
  await lab.watching.look();
  await lab.watching.look();
  expect([lab.watching.reason('public.prices'), lab.watching.state('public.prices')]).toEqual([
    'every change is recorded',
    'ok',
  ]);
  // A column that the next record does not name, which a record with a whole row would; and one that it does.
  for (const [lost, recorded] of [
    ["note = 'forged' where id = 1", 'price = 9 where id = 1'],
    ['price = price * 10 where id = 2', 'price = price + 1 where id = 2'],
  ])
    await lab.fixture.sql(`begin; alter table prices disable trigger kop_audit_row; update prices set ${lost};
      alter table prices enable always trigger kop_audit_row; commit; update prices set ${recorded}`);
  await lab.watching.look();
  await lab.watching.look();
  expect(lab.watching.state('public.prices')).toBe('confirmed');
  expect(lab.watching.metric('audit_trail_continuity_breaks_total', { table: 'public.prices' })).toBe(1);
  expect(lab.watching.metric('audit_trail_missing_events_total', { table: 'public.prices', operation: 'UPDATE' })).toBe(
    2,
  );
});

test('a baseline that is made while others write accuses nobody, and everything is proven after it', async () => {
  await lab.prepare();
  await lab.fixture.sql('drop schema audit cascade');
  await lab.fixture.sql(
    `create table prices (id int primary key, price int); insert into prices select i, i from generate_series(1, 5) i`,
  );
  await lab.fixture.sql(installSql({ scope: { include: ['public.prices'], exclude: [] }, baseline: false }));
  await lab.fixture.sql(`grant kop_audit_observer to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records: installedRecords } });
  await lab.watching.look();
  const administrator = new pg.Client({ connectionString: lab.fixture.url });
  administrator.on('error', () => undefined);
  await administrator.connect();
  await administrator.query(`begin; select audit.baseline('prices')`);
  await lab.fixture.sql(
    `update prices set price = price + 1 where id < 3; delete from prices where id = 3; insert into prices values (6, 6)`,
  );
  await lab.watching.look();
  expect(lab.watching.state('public.prices')).not.toBe('confirmed');
  await administrator.query('commit');
  // A session reports its counters when it ends.
  await administrator.end();
  await lab.fixture.sql('update prices set price = price + 1');
  await lab.watching.look();
  await lab.watching.look();
  expect([lab.watching.reason('public.prices'), lab.watching.state('public.prices')]).toEqual([
    'every change is recorded',
    'ok',
  ]);
});

test('where only changed columns are recorded, a renamed key leaves the table unknown', async () => {
  await lab.prepare();
  await lab.fixture.sql('drop schema audit cascade');
  await lab.fixture.sql(
    "create table rates (id int primary key, price int, note text); insert into rates select i, i, 'a' from generate_series(1, 4) i",
  );
  const options = { scope: { include: ['public.rates'], exclude: [] }, baseline: true, changedColumns: true };
  await lab.fixture.sql(installSql(options));
  await lab.fixture.sql(`grant kop_audit_observer to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records: installedRecords } });
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  await lab.fixture.sql('alter table rates rename column id to number; update rates set price = 9 where number = 1');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect([lab.watching.reason('public.rates'), lab.watching.state('public.rates')]).toEqual([
    '1 records lack the image that they should have',
    'unknown',
  ]);
});

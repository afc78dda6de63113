/** Attribution: whether the actor that a record names is somebody. */
import { expect, test } from 'vitest';
import { attribution } from '../../../../../../support/audit-trail/domain.js';
import { observed } from '../../../../../../support/audit-trail/observed.js';

const lab = observed();
const actors = { table: 'staff.people', column: 'name' };
const records = () => lab.watching.observer.state.evidence.get('records');
const count = (kind: string) => lab.watching.metric('audit_trail_actor_records_total', { kind });
const as = (actor: string) => lab.fixture.sql(`set app.actor = '${actor}'; insert into accounts (name) values ('a')`);

const begin = async (prepare = '') => {
  await lab.prepare();
  await lab.fixture.sql(prepare);
  lab.watch({ trail: { attribution: { ...attribution, actors } } });
  await lab.watching.look();
};
const made = `create schema staff; create table staff.people (id int, name text);
  insert into staff.people (name) values ('ann'), ('left'), (null)`;
const granted = (role: string) =>
  `grant usage on schema staff to ${role}; grant select (name) on staff.people to ${role}`;

test('counts those who are not listed apart, and neither machines, shared accounts nor nobody', async () => {
  await begin(made);
  await lab.fixture.sql(granted(lab.fixture.observerRole));
  for (const actor of ['ann', 'left', 'Ann', 'an', 'job:x', 'admin', ' ']) await as(actor);
  await lab.watching.look();
  expect(['human', 'unresolved', 'machine', 'shared', 'none'].map(count)).toEqual([2, 2, 1, 1, 1]);
  expect(records()).toMatchObject({ state: 'ok' });
  // Who is taken off the list was on it when the record was read.
  await lab.fixture.sql("delete from staff.people where name = 'ann'");
  await lab.watching.look();
  expect(count('unresolved')).toBe(2);
});

test('looks nobody up unless it is told where, and shows no series for it', async () => {
  await lab.prepare();
  lab.watch();
  await as('anybody');
  await lab.watching.look();
  expect([count('human'), count('unresolved')]).toEqual([1, undefined]);
});

test.each([
  ['without such a table', '', 'there is no such table', []],
  ['without such a column', 'create schema staff; create table staff.people (id int)', 'no column name', []],
  [
    'without the right to read it',
    made,
    'may not be read',
    [/^GRANT USAGE/, /^GRANT SELECT \("name"\) ON "staff"."people"/],
  ],
  [
    'under a policy',
    `${made}; alter table staff.people enable row level security; grant usage on schema staff to public;
      grant select on staff.people to public`,
    'a policy hides rows',
    [/BYPASSRLS$/],
  ],
] as const)(
  '%s records are read all the same, and that they were not looked up is said',
  async (_is, sql, why, mend) => {
    await begin(sql);
    await as('stranger');
    await lab.watching.look();
    expect(records()).toEqual({
      state: 'degraded',
      reason: expect.stringContaining(why),
      fixes: mend.map((pattern) => expect.stringMatching(pattern)),
    });
    expect([count('human'), count('unresolved')]).toEqual([1, 0]);
    expect(lab.watching.state('public.accounts')).toBe('ok');
  },
);

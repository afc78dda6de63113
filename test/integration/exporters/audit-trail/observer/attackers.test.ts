/** What the table of docs/audit-trail.md says of each attacker, as far as no other test shows it. */
import { expect, test } from 'vitest';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();
const accounts = 'public.accounts';
const count = (name: string, labels?: Readonly<Record<string, string>>) =>
  lab.watching.metric(`audit_trail_${name}`, labels) ?? 0;

async function begin(): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql("insert into accounts (id, name) values (1, 'a'), (2, 'b')");
  lab.watch();
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('ok');
}

test('a change and its exact undo while the trigger is disabled are found by the version of the row', async () => {
  await begin();
  await lab.fixture.sql(`alter table accounts disable trigger audit_row; update accounts set balance = 9 where id = 1;
    update accounts set balance = 0 where id = 1; alter table accounts enable always trigger audit_row`);
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
  expect(lab.watching.reason(accounts)).toContain('written again without a record');
});

test('a trigger function that lies about the actor shows in its fingerprint, and nowhere else', async () => {
  await begin();
  const { rows } = await lab.fixture.sql("select pg_get_functiondef('audit.record()'::regprocedure) as text");
  const honest = String(rows[0].text);
  const lie = honest.replace("nullif(current_setting('app.actor', true), '')", "'somebody'");
  expect(lie).not.toBe(honest);
  await lab.fixture.sql(lie);
  await lab.fixture.sql("insert into accounts (id, name) values (3, 'c')");
  await lab.fixture.sql(honest);
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(count('fingerprint_changes_total', { object: 'function' })).toBe(1);
  expect([count('missing_events_total'), count('unexplained_events_total')]).toEqual([0, 0]);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('records that are not sealed, of a row that is gone: counters say that records were deleted, not of what', async () => {
  await begin();
  await lab.fixture.sql("insert into accounts (id, name) values (3, 'c'); delete from accounts where id = 3");
  await lab.watching.look();
  await lab.fixture.sql('delete from audit.log where pk = \'{"id": 3}\'');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(count('counter_residual', { invariant: 'records_mutated' })).toBe(2);
  expect([count('missing_events_total'), count('unexplained_events_total')]).toEqual([0, 0]);
});

test('a trigger on the log that came and went between two polls shows nowhere', async () => {
  await begin();
  await lab.fixture.sql(`create function public.other() returns trigger language plpgsql as $$ begin new.actor := 'x'; return new; end $$;
    create trigger other before insert on audit.log for each row execute function public.other()`);
  await lab.fixture.sql("insert into accounts (id, name) values (3, 'c')");
  await lab.fixture.sql('drop trigger other on audit.log');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(count('fingerprint_changes_total', { object: 'log' })).toBe(0);
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('a superuser who deletes a row with its record, which is not sealed, and resets the statistics: only the new epoch shows', async () => {
  await begin();
  await lab.fixture.sql("insert into accounts (id, name) values (3, 'c'), (4, 'd')");
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  const epochs = () => count('epoch_changes_total');
  const before = epochs();
  await lab.fixture.sql(`begin; alter table accounts disable trigger audit_row; delete from accounts where id = 3;
    delete from audit.log where pk = '{"id": 3}'; alter table accounts enable always trigger audit_row; commit; select pg_stat_reset()`);
  for (let i = 0; i < 4; i += 1) await lab.watching.look();
  expect(epochs()).toBe(before + 1);
  expect([count('missing_events_total'), count('unexplained_events_total')]).toEqual([0, 0]);
  expect(lab.watching.state(accounts)).toBe('ok');
});

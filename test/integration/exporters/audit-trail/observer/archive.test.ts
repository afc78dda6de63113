/** Records that were moved to an archive are still the trail: of one history, and no less under watch. */
import { expect, test } from 'vitest';
import { ownRecords } from '../../../../support/audit-trail/domain.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();
const accounts = 'public.accounts';
const records = { ...ownRecords, archive: 'audit.old' };

/** Three records of each of five rows, of which the first two are in the archive. */
async function archived(archive = '(like audit.log)'): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql(`create table audit.old ${archive}; grant select on audit.old to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records } });
  await lab.watching.look();
  await lab.fixture.sql(`set app.actor = 'ann'; insert into accounts (id, name) select i, 'a' from generate_series(1, 5) i;
    update accounts set balance = 1; update accounts set balance = 2`);
  await lab.watching.look();
  await move(`new_row ->> 'balance' in ('0.00', '1.00')`);
  await lab.watching.look();
}

const move = (where: string) =>
  lab.fixture.sql(
    `with gone as (delete from audit.log where table_name = 'accounts' and ${where} returning *) insert into audit.old select * from gone`,
  );
const count = (name: string, labels: Record<string, string> = {}) => lab.watching.metric(`audit_trail_${name}`, labels);

test('moving changes nothing, and histories go on over the border', async () => {
  await archived();
  expect(lab.watching.state(accounts)).toBe('ok');
  await lab.fixture.sql(`set app.actor = 'ann'; update accounts set balance = 3`);
  await move(`new_row ->> 'balance' = '2.00'`);
  await lab.fixture.sql(
    `set app.actor = 'ann'; update accounts set balance = 4 where id <= 2; delete from accounts where id = 5`,
  );
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('ok');
  expect(count('counter_residual', { invariant: 'records_mutated' })).toBe(0);
  expect(count('continuity_breaks_total')).toBe(0);
  expect(count('retention_violations')).toBe(0);
});

test('an archive of fewer columns is united as far as it goes', async () => {
  await archived(
    'as select id, xact_id, ts, op, relid, table_schema, table_name, pk, actor, actor_kind, application, correlation_id, reason, old_row, new_row from audit.log limit 0',
  );
  expect(lab.watching.state(accounts)).toBe('ok');
});

test('a row whose only records are in the archive is compared with them', async () => {
  await archived();
  await move('true');
  await lab.fixture.sql(`begin; alter table accounts disable trigger audit_row; update accounts set balance = 9 where id = 4;
    alter table accounts enable always trigger audit_row; commit`);
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
  expect(count('missing_events_total', { table: accounts, operation: 'UPDATE' })).toBe(1);
});

test('what is taken out of the archive is missed', async () => {
  await archived();
  await move('true');
  await lab.watching.look();
  await lab.fixture.sql(`delete from audit.old where pk = '{"id": 3}'`);
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
  expect(lab.watching.reason(accounts)).toContain('the row has no record');
});

/** Versions of rows as temporal_tables keeps them, and the log of pgMemento: no records, and said so. */
import { expect, test } from 'vitest';
import { runComparison } from '../../../../../exporters/audit-trail/comparisons/run.js';
import { loadPack } from '../../../../../pack/index.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();

const versioned = `
  create table clients (id int primary key, name text, sys_period tstzrange not null default tstzrange(now(), null));
  create table clients_history (like clients);
  create function versioning() returns trigger language plpgsql as $$
  begin
    insert into clients_history values (old.id, old.name, tstzrange(lower(old.sys_period), now()));
    if tg_op = 'DELETE' then return old; end if;
    new.sys_period := tstzrange(now(), null);
    return new;
  end $$;
  create trigger versioning before update or delete on clients for each row execute function versioning();`;

async function found(): Promise<unknown> {
  const [trail] = loadPack(['docs/examples/history-tables.yaml'], { requireSecrets: false }).auditTrails;
  const client = await lab.fixture.connect();
  const session = { query: async <R extends object>(sql: string) => (await client.query<R>(sql)).rows };
  const results = [];
  for (const comparison of trail?.comparisons ?? [])
    results.push(await runComparison(comparison, session, AbortSignal.timeout(10_000)));
  return results;
}

const compared = (findings: readonly number[], checked: readonly number[]) =>
  findings.map((n, index) => ({ state: 'compared', findings: n, checked: checked[index] }));

test('versions of a row that do not join, and rows written past the trigger, are found', async () => {
  await lab.prepare({ isEmpty: true });
  lab.watch();
  const { sql } = lab.fixture;
  await sql(versioned);
  await sql("insert into clients select i, 'a' from generate_series(1, 3) i");
  await sql("update clients set name = 'b'");
  await sql("update clients set name = 'c'");
  await sql('delete from clients where id = 3');
  expect(await found()).toEqual(compared([0, 0], [9, 2]));
  await sql("delete from clients_history where id = 1 and name = 'b'");
  await sql(`set session_replication_role = replica;
    update clients set name = 'd', sys_period = tstzrange(lower(sys_period) - interval '1 day', null) where id = 2`);
  expect(await found()).toEqual(compared([1, 1], [8, 2]));
});

test.each([
  ['public.clients_history', versioned, 'is a history table (sys_period)'],
  [
    'public.row_log',
    'create table row_log (id bigserial primary key, audit_id bigint not null, event_key text not null, old_data jsonb, new_data jsonb)',
    'is a log of pgMemento',
  ],
])('%s is no audit log, and the tables are unknown with what to do', async (table, sql, reason) => {
  await lab.prepare();
  await lab.fixture.sql(`${sql}; grant select on all tables in schema public to ${lab.fixture.observerRole}`);
  const { records } = lab.fixture.trail;
  if (records === undefined) throw new Error('the fixture describes records');
  lab.watch({ trail: { records: { ...records, table } } });
  await lab.watching.look();
  expect(lab.watching.state('public.accounts')).toBe('unknown');
  expect(lab.watching.reason('public.accounts')).toContain(`${table} ${reason}`);
  expect(lab.watching.reason('public.accounts')).toMatch(/kop(?:\.js)? audit install/);
});

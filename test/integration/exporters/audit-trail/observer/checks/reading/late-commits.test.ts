/** A record is as old as its transaction, whatever its age; only one that is older still was dated back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { observed } from '../../../../../../support/audit-trail/observed.js';

const lab = observed();
const backdated = () => lab.watching.metric('audit_trail_time_violations_total', { kind: 'backdated' });

/** Records dated by the beginning of their transaction, and clocks that may differ by a quarter of a second. */
async function begin(): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql('alter table audit.log alter column ts set default now()');
  const { observe } = lab.fixture.trail;
  lab.watch({ trail: { observe: { ...observe, maxClockSkewMs: 250, confirmIntervalMs: 1000 } } });
  await looks(2);
}

async function looks(n: number): Promise<void> {
  for (let look = 0; look < n; look += 1) await lab.watching.look();
}

const record = (ts: string) =>
  `insert into audit.log (op, table_schema, table_name, pk, ts, new_row) values ('INSERT', 'other', 'x', '1', ${ts}, '{}')`;

test('of a transaction that is open for many polls, before its first change and after it', async () => {
  await begin();
  const late = await lab.fixture.connect();
  await late.query('begin; select 1');
  await sleep(600);
  await looks(4);
  await late.query("insert into accounts (name) values ('first')");
  await sleep(600);
  await looks(8);
  await late.query("insert into accounts (name) values ('last')");
  await late.query('commit');
  // Nothing was open any more for a while before they are read.
  await lab.watching.observer.runFastChecks(AbortSignal.timeout(10_000));
  await looks(3);
  expect(lab.watching.metric('audit_trail_records_total', { table: 'public.accounts' })).toBe(2);
  expect(backdated()).toBe(0);
});

test('of one that waits to be read, because an older one is open', async () => {
  await begin();
  const older = await lab.fixture.connect();
  await older.query("begin; insert into accounts (name) values ('older')");
  const younger = await lab.fixture.connect();
  await younger.query("begin; insert into accounts (name) values ('younger')");
  await sleep(600);
  await looks(2);
  await younger.query('commit');
  await looks(5);
  await older.query('commit');
  await looks(3);
  expect(lab.watching.metric('audit_trail_records_total', { table: 'public.accounts' })).toBe(2);
  expect(backdated()).toBe(0);
});

test('one that is older than every transaction that was open, by a second', async () => {
  await begin();
  await lab.fixture.sql(record("now() - interval '1 second'"));
  await looks(2);
  expect(backdated()).toBe(1);
  const open = await lab.fixture.connect();
  await open.query('begin; select 1');
  await sleep(300);
  await looks(2);
  await lab.fixture.sql(record("now() - interval '5 seconds'"));
  await looks(2);
  expect(backdated()).toBe(2);
});

test('a role that cannot see when others began accuses nobody, and its evidence says so', async () => {
  await begin();
  await lab.fixture.sql(`revoke pg_read_all_stats from ${lab.fixture.observerRole}`);
  await looks(2);
  const evidence = lab.watching.observer.state.evidence.get('commit_timestamps');
  expect(evidence).toMatchObject({
    state: 'degraded',
    fixes: [`GRANT pg_read_all_stats TO ${lab.fixture.observerRole}`],
  });
});

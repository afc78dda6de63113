/** What looks at a trail must not move what it looks at, nor promise what it does not measure. */
import { expect, test } from 'vitest';
import { createWitness } from '../../../../../exporters/audit-trail/witness/index.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { SecretText } from '../../../../../pack/index.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();

test('the observer and its witness allocate no transaction id, whatever they look at', async () => {
  const fixture = await lab.prepare();
  await fixture.sql(`select pg_create_logical_replication_slot('no_trace', 'test_decoding'); insert into accounts (name) select 'a' from generate_series(1, 20);
    insert into visits (what) values ('a')`);
  const witness = createWitness(
    {
      kind: 'decoding',
      database: { url: SecretText.literal(fixture.url), statementTimeoutMs: 20_000, maxConnections: 2 },
      slot: 'no_trace',
    },
    { log: silentLogger },
  );
  lab.watch({
    witness,
    trail: {
      comparisons: [
        {
          name: 'names',
          title: 'Names.',
          strength: 'hint',
          query: 'select name is null as is_finding from public.accounts',
        },
      ],
    },
  });
  const next = async (): Promise<unknown> =>
    (await fixture.sql('select pg_snapshot_xmax(pg_current_snapshot())::text as next')).rows[0]?.next;
  const before = await next();
  for (let round = 0; round < 3; round += 1) await lab.watching.look();
  expect(lab.watching.state('public.accounts')).toBe('ok');
  expect(lab.watching.observer.state.evidence.get('witness').state).toBe('ok');
  expect(await next()).toBe(before);
  // The slot keeps the database from being dropped.
  await witness.close();
  await fixture.sql("select pg_drop_replication_slot('no_trace')");
});

test('how long a sweep takes is said as it is', async () => {
  await lab.prepare();
  await lab.fixture.sql("insert into accounts (name) select 'a' from generate_series(1, 1500)");
  const { observe } = lab.fixture.trail;
  lab.watch({ trail: { observe: { ...observe, replayRowsPerCycle: 1000, confirmIntervalMs: 60_000 } } });
  const period = (name: string) => lab.watching.metric(`audit_trail_${name}`, { sweep: 'replay' });
  expect(period('sweep_period_seconds')).toBeUndefined();
  for (let round = 0; round < 4 && period('sweep_period_seconds') === undefined; round += 1) await lab.watching.look();
  // 3,000 comparisons, of rows and of their keys; at 1,000 a minute.
  const now = period('sweep_period_seconds') ?? 0;
  expect(now % 60).toBe(0);
  expect(now).toBeGreaterThanOrEqual(120);
  expect(now).toBeLessThanOrEqual(300);
});

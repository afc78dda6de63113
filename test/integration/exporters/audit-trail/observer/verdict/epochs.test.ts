import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../../../../exporters/audit-trail/observer/verdict/declarations.js';
import { observed } from '../../../../../support/audit-trail/observed.js';
import { bypassed, snapshot } from '../../../../../support/audit-trail/schema.js';

const lab = observed();
const accounts = 'public.accounts';
const count = (name: string, labels: Record<string, string> = {}) => lab.watching.metric(`audit_trail_${name}`, labels);
const mutated = () => count('counter_residual', { invariant: 'records_mutated' });
const verdict = () => [lab.watching.reason(accounts), lab.watching.state(accounts)];
const proven = ['every change is recorded', 'ok'];
const signal = () => AbortSignal.timeout(10_000);

/** Five rows with three records each, proven. */
async function settled(options: Parameters<typeof lab.watch>[0] = {}): Promise<void> {
  await lab.prepare();
  lab.watch(options);
  await lab.watching.look();
  await lab.fixture.sql(
    "insert into accounts (name) select 'a' || i from generate_series(1, 5) i; update accounts set balance = 1; update accounts set balance = 2",
  );
  await lab.watching.look();
  expect(verdict()).toEqual(proven);
}

/** Not the last of its row, so that the rows and their last records still agree. */
const removeFromTheMiddle = 'delete from audit.log where pk = \'{"id": 1}\' and new_row @> \'{"balance": 1}\'';

/** In a session of its own: what is counted in the same one would be reported after it. */
const reset = () => lab.fixture.sql('select pg_stat_reset()');

describe('a new epoch', () => {
  test('a record that went just before it is found, though no counter shows it', async () => {
    await settled();
    await lab.fixture.sql(removeFromTheMiddle);
    await reset();
    await lab.watching.look();
    expect(count('epoch_changes_total', { reason: 'stats_reset' })).toBe(1);
    expect(mutated()).toBe(0);
    expect(lab.watching.state(accounts)).toBe('confirmed');
    expect(count('continuity_breaks_total', { table: accounts })).toBe(1);
    expect(lab.watching.state('public.holdings')).toBe('ok');
  });

  test('old records are gone through part by part; until the last, nothing is proven', async () => {
    await lab.prepare();
    const { observe } = lab.fixture.trail;
    lab.watch({ trail: { observe: { ...observe, replayRowsPerCycle: 2 } }, observer: { windowRows: 150 } });
    await lab.fixture.sql("insert into accounts (name) select 'a' || i from generate_series(1, 5) i");
    await lab.fixture.sql('do $$ begin for i in 1..200 loop update accounts set balance = i; end loop; end $$');
    for (let round = 0; round < 40 && lab.watching.state(accounts) !== 'ok'; round += 1) await lab.watching.look();
    await reset();
    const seen: string[] = [];
    for (let round = 0; round < 40 && seen.at(-1) !== 'ok'; round += 1) {
      await lab.watching.look();
      seen.push(String(verdict()[lab.watching.state(accounts) === 'unknown' ? 0 : 1]));
    }
    // A thousand records, two hundred in each round: the part that each round may take, not the window, is the limit.
    expect(
      seen.filter((text) => text === 'old records were not yet gone through again since stats reset'),
    ).toHaveLength(5);
    expect(seen.at(-1)).toBe('ok');
  });

  test('what was judged is seen in it too, until a baseline of everything is declared', async () => {
    await settled();
    await lab.fixture.sql(removeFromTheMiddle);
    await lab.watching.look();
    expect(mutated()).toBe(1);
    await reset();
    await lab.watching.observer.runFastChecks(signal());
    expect(mutated()).toBe(1);
    await lab.watching.look();
    expect(mutated()).toBe(1);
    expect(lab.watching.observer.state.evidence.get('records')).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/1 audit records were updated or deleted/),
    });
    expect(lab.watching.state(accounts)).toBe('confirmed');
    declare({ kind: 'baseline', by: 'carol', at: '2026-03-01T10:00:00Z', reason: 'investigated' });
    for (let round = 0; round < 3; round += 1) await lab.watching.look();
    expect(mutated()).toBe(0);
    expect(verdict()).toEqual(proven);
    await reset();
    for (let round = 0; round < 2; round += 1) await lab.watching.look();
    expect(mutated()).toBe(0);
    expect(verdict()).toEqual(proven);
  });

  test('what is still looked into, and cannot be explained away, is not forgotten by it', async () => {
    await settled();
    await lab.fixture.sql("update audit.log set reason = 'forged' where id = 1");
    await lab.watching.observer.runFastChecks(signal());
    await lab.watching.observer.runFastChecks(signal());
    await reset();
    await lab.watching.look();
    expect(mutated()).toBe(1);
  });
});

describe('old records that are no fault when they are gone through again', () => {
  test('a column that was redefined twice', async () => {
    await settled();
    await lab.fixture.sql('alter table accounts add column note text; update accounts set note = \'{"a": 1}\'');
    await lab.watching.look();
    await lab.fixture.sql(
      'alter table accounts alter note type jsonb using note::jsonb; update accounts set score = 1',
    );
    await lab.watching.look();
    await lab.fixture.sql("alter table accounts alter note set default '{}'; update accounts set score = 2");
    await lab.watching.look();
    await reset();
    for (let round = 0; round < 2; round += 1) await lab.watching.look();
    expect(verdict()).toEqual(proven);
    expect(count('missing_events_total')).toBe(0);
  });

  test('histories that began before the baseline did', async () => {
    await lab.prepare();
    await lab.fixture.sql(bypassed("insert into accounts (name) values ('old'), ('older')"));
    lab.watch();
    await lab.fixture.sql('update accounts set balance = 1');
    await lab.watching.look();
    await lab.fixture.sql(snapshot('public', 'accounts'));
    await lab.watching.look();
    await reset();
    for (let round = 0; round < 2; round += 1) await lab.watching.look();
    expect(verdict()).toEqual(proven);
    expect(count('missing_events_total')).toBe(0);
  });
});

describe('counters that could not be seen for a while', () => {
  const withdraw = () => lab.fixture.sql(`revoke select on audit.log from ${lab.fixture.observerRole}`);
  const grant = () => lab.fixture.sql(`grant select on audit.log to ${lab.fixture.observerRole}`);
  async function lookAnew(): Promise<void> {
    lab.watching.observer.loop.change((state) => ({ ...state, shapeReadAt: 0 }));
    await lab.watching.look();
  }

  test('a record that went meanwhile is found', async () => {
    await settled();
    await withdraw();
    await lookAnew();
    expect(lab.watching.state(accounts)).toBe('unknown');
    await lab.fixture.sql(removeFromTheMiddle);
    await grant();
    await lookAnew();
    expect(count('epoch_changes_total', { reason: 'counters_unseen' })).toBe(1);
    expect(lab.watching.state(accounts)).toBe('confirmed');
  });

  test('what was judged before is judged after, and without a fault all is proven again', async () => {
    await settled();
    await lab.fixture.sql("update audit.log set reason = 'forged' where id = 1");
    await lab.watching.look();
    expect(mutated()).toBe(1);
    await withdraw();
    await lookAnew();
    expect(mutated()).toBeUndefined();
    await grant();
    await lookAnew();
    expect(mutated()).toBe(1);
    await lab.watching.look();
    expect(verdict()).toEqual(proven);
  });

  test.each(['off', 'on'])('track_counts: %s to begin with', async (first) => {
    await lab.prepare();
    const database = new URL(lab.fixture.url).pathname.slice(1);
    let memory: string | undefined;
    for (const counts of first === 'off' ? ['off', 'on'] : ['on', 'off', 'on']) {
      await lab.fixture.sql(`alter database ${database} set track_counts = '${counts}'`);
      if (memory !== undefined) await lab.watching.close();
      const kept = memory;
      lab.watch(
        kept === undefined
          ? {}
          : { store: { load: () => Promise.resolve(JSON.parse(kept)), save: () => Promise.resolve() } },
      );
      await lab.watching.look();
      expect(lab.watching.state(accounts)).toBe(counts === 'on' ? 'ok' : 'unknown');
      memory = JSON.stringify(lab.watching.memory());
    }
    expect(lab.watching.memory().epoch?.reason).toBe('counters_unseen');
  });
});

function declare(declaration: Declaration): void {
  lab.watching.observer.loop.change((state) => ({ ...state, declarations: [declaration] }));
}

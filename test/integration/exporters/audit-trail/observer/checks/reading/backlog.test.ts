/** The first reading of a long log: what is new comes first, what was there at a pace of its own. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type MemoryStore, newMemory } from '../../../../../../../exporters/audit-trail/observer/memory.js';
import {
  type AuditFixture,
  auditFixture,
  borrowAuditServer,
  type Watching,
  watch,
} from '../../../../../../support/audit-trail/fixture.js';
import type { BorrowedServer } from '../../../../../../support/postgres/borrowed.js';

const accounts = 'public.accounts';
const as = (statement: string) => `set app.actor = 'ann'; ${statement}`;
let server: Pick<BorrowedServer, 'adminUrl' | 'close'>;

beforeAll(async () => {
  server = await borrowAuditServer();
});
afterAll(() => server.close());

async function longTrail(): Promise<AuditFixture> {
  const fixture = await auditFixture(server);
  onTestFinished(() => fixture.close());
  await fixture.sql(as(`insert into accounts (id, name) select i, 'a' from generate_series(1, 20) i`));
  for (let n = 1; n < 10; n += 1) await fixture.sql(as(`update accounts set balance = ${n}`));
  return fixture;
}

function keeping(): MemoryStore {
  let kept: string | undefined;
  return {
    load: (name) => Promise.resolve(kept === undefined ? newMemory(name) : JSON.parse(kept)),
    save(memory) {
      kept = JSON.stringify(memory);
      return Promise.resolve();
    },
  };
}

function reader(fixture: AuditFixture, store: MemoryStore, catchUpLoad: number): Watching {
  const observe = { ...fixture.trail.observe, catchUpLoad };
  const watching = watch(fixture, { trail: { observe }, store, observer: { windowRows: 20 } });
  onTestFinished(() => watching.close());
  return watching;
}

const read = (watching: Watching) => watching.metric('audit_trail_records_total', { table: accounts }) ?? 0;
const continuity = (watching: Watching) => watching.observer.state.evidence.get('continuity');

test('new records are read while it goes on, each once; its progress is shown, and its end makes the proof', async () => {
  const fixture = await longTrail();
  const store = keeping();
  const slow = reader(fixture, store, 1e-9);
  await slow.look();
  // The first window, and the one window of the rest that this pace lets it begin.
  expect(read(slow)).toBe(40);
  expect(continuity(slow)).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('for the first time: '),
  });
  expect(slow.state(accounts)).toBe('unknown');
  expect(slow.reason(accounts)).toMatch(/not yet read to the end: .* for the first time: \d+ %/);

  await fixture.sql(as(`insert into accounts (id, name) values (100, 'new')`));
  await slow.look();
  expect(read(slow)).toBe(41);

  // A restart goes on where it was.
  const quick = reader(fixture, store, 1);
  await quick.look();
  expect(read(slow) + read(quick)).toBe(201);
  expect(quick.observer.state.memory.checks.reading.backlog).toBeUndefined();
  expect(continuity(quick).state).toBe('ok');
  await quick.look();
  expect(quick.state(accounts)).toBe('ok');
  expect(read(slow) + read(quick)).toBe(201);
});

test('what is wrong in either part is found', async () => {
  const fixture = await longTrail();
  await fixture.sql('alter table accounts disable trigger audit_row; update accounts set balance = 70 where id = 7');
  await fixture.sql('alter table accounts enable always trigger audit_row');
  await fixture.sql(as('update accounts set balance = 71 where id = 7'));
  for (let n = 1; n < 5; n += 1) await fixture.sql(as(`update accounts set balance = 100 + ${n}`));
  const store = keeping();
  const slow = reader(fixture, store, 1e-9);
  await slow.look();
  await fixture.sql('alter table accounts disable trigger audit_row; update accounts set balance = 80 where id = 8');
  await fixture.sql('alter table accounts enable always trigger audit_row');
  await fixture.sql(as('update accounts set balance = 81 where id = 8'));
  await slow.look();
  expect(slow.state(accounts)).toBe('confirmed');
  expect(slow.metric('audit_trail_missing_events_total', { table: accounts })).toBe(1);
  const quick = reader(fixture, store, 1);
  await quick.look();
  await quick.look();
  expect(quick.metric('audit_trail_missing_events_total', { table: accounts })).toBe(1);
});

test('records of transactions that this cluster has not begun are said not to be read', async () => {
  const fixture = await longTrail();
  const watching = reader(fixture, keeping(), 1);
  await watching.look();
  expect(continuity(watching).state).toBe('ok');
  await fixture.sql(`alter table audit.log disable trigger all;
    update audit.log set xact_id = (xact_id::text::bigint + 1000000000)::text::xid8 where id <= 20`);
  await watching.look();
  expect(continuity(watching)).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('transactions that this cluster has not begun'),
  });
});

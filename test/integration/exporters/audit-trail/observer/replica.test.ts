/** Whole tables are read on a physical standby, where `replica` names one. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { PostgresServer } from '../../../../../demo/postgres/index.js';
import { SecretText } from '../../../../../pack/index.js';
import {
  type AuditFixture,
  auditFixture,
  startAuditServer,
  type Watching,
  watch,
} from '../../../../support/audit-trail/fixture.js';
import { bypassed } from '../../../../support/audit-trail/schema.js';
import { type Standby, standbyOf } from '../../../../support/postgres/standby.js';

const accounts = 'public.accounts';
let primary: PostgresServer;
let standby: Standby;
let fixture: AuditFixture;
let watching: Watching;

beforeAll(async () => {
  primary = await startAuditServer({ wal_level: 'replica' });
  fixture = await auditFixture(primary);
  await fixture.sql(`set app.actor = 'ann'; insert into accounts (id, name) select i, 'a' from generate_series(1, 5) i;
    update accounts set balance = 1`);
  // As on the primary: with fewer, a standby refuses to follow it.
  standby = await standbyOf(primary, { max_prepared_transactions: '10', track_commit_timestamp: 'on' });
  watching = watch(fixture, {
    trail: { replica: { ...fixture.trail.database, url: SecretText.literal(standby.urlOf(fixture.observerUrl)) } },
  });
});
afterAll(async () => {
  await watching.close();
  await fixture.close();
  await standby.close();
  await primary.close();
});

const replay = () => watching.observer.state.evidence.get('replay');
const look = () =>
  vi.waitFor(
    async () => {
      await watching.look();
      expect(replay().state).toBe('ok');
    },
    { timeout: 30_000 },
  );

// One story: each part goes on from where the one before it left the standby.
test('rows are compared on the standby; behind or gone, it proves nothing', { timeout: 90_000 }, async () => {
  await look();
  expect(watching.state(accounts)).toBe('ok');
  expect(
    await standby.ask(
      `select pg_is_in_recovery() as standby, count(*)::int as n from pg_stat_activity where usename = '${fixture.observerRole}'`,
    ),
  ).toEqual({ standby: true, n: 1 });

  await standby.ask('select pg_wal_replay_pause()');
  await vi.waitFor(async () => {
    expect(await standby.ask('select pg_get_wal_replay_pause_state() as state')).toEqual({ state: 'paused' });
  });
  await fixture.sql(bypassed('update accounts set balance = 77 where id = 3'));
  await watching.look();
  expect(replay()).toMatchObject({ state: 'unknown', reason: expect.stringContaining('behind the primary') });
  expect(replay().fixes).toEqual(['SELECT pg_wal_replay_resume() on the replica']);
  // What is suspect is looked into on the primary, without waiting.
  expect(watching.state(accounts)).toBe('confirmed');
  // What was compared before is still true.
  expect(watching.state('public.holdings')).not.toBe('unknown');

  await standby.ask('select pg_wal_replay_resume()');
  await look();
  expect(watching.state(accounts)).toBe('confirmed');
  expect(watching.metric('audit_trail_missing_events_total', { table: accounts, operation: 'UPDATE' })).toBe(1);

  await standby.server.stop('fast');
  await watching.look();
  expect(replay().state).toBe('unknown');
  expect(watching.state('public.holdings')).toBe('unknown');
  expect(watching.reason('public.holdings')).toContain('rows cannot be compared');
  // The primary is still looked at.
  expect(watching.observer.state.evidence.get('connection').state).toBe('ok');

  await standby.server.start();
  await look();
  expect(watching.state('public.holdings')).toBe('ok');
});

/** Whole tables are read on a physical standby, where `replica` names one. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../../demo/postgres/index.js';
import { SecretText } from '../../../../../pack/index.js';
import {
  type AuditFixture,
  auditFixture,
  startAuditServer,
  type Watching,
  watch,
} from '../../../../support/audit-trail/fixture.js';
import { bypassed } from '../../../../support/audit-trail/schema.js';

const run = promisify(execFile);
const accounts = 'public.accounts';
let primary: PostgresServer;
let standby: PostgresServer;
let folder: string;
let fixture: AuditFixture;
let watching: Watching;

beforeAll(async () => {
  primary = await startAuditServer({ wal_level: 'replica' });
  fixture = await auditFixture(primary);
  await fixture.sql(`set app.actor = 'ann'; insert into accounts (id, name) select i, 'a' from generate_series(1, 5) i;
    update accounts set balance = 1`);
  standby = await copyOf(primary);
  const url = new URL(fixture.observerUrl);
  url.port = String(standby.port);
  watching = watch(fixture, {
    trail: { replica: { ...fixture.trail.database, url: SecretText.literal(url.href) } },
  });
});
afterAll(async () => {
  await watching.close();
  await fixture.close();
  await standby.close();
  await primary.close();
  await rm(folder, { recursive: true });
});

/** Follows the first from where it was copied. */
async function copyOf(server: PostgresServer): Promise<PostgresServer> {
  folder = await mkdtemp(join(tmpdir(), 'kop-standby-'));
  await run('chmod', ['755', folder]);
  const root = join(folder, 'standby');
  await server.stop('fast');
  await run('cp', ['-a', dirname(server.dataDir), root]);
  await writeFile(join(root, 'data', 'standby.signal'), '');
  await server.start();
  const { username, password, port } = new URL(server.adminUrl);
  return startPostgres({
    dataDir: root,
    // As on the primary: with fewer, a standby refuses to follow it.
    settings: {
      max_prepared_transactions: '10',
      track_commit_timestamp: 'on',
      primary_conninfo: `host=127.0.0.1 port=${port} user=${username} password=${password}`,
    },
  });
}

async function onStandby(text: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: standby.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows[0];
  } finally {
    await client.end();
  }
}

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
    await onStandby(
      `select pg_is_in_recovery() as standby, count(*)::int as n from pg_stat_activity where usename = '${fixture.observerRole}'`,
    ),
  ).toEqual({ standby: true, n: 1 });

  await onStandby('select pg_wal_replay_pause()');
  await vi.waitFor(async () => {
    expect(await onStandby('select pg_get_wal_replay_pause_state() as state')).toEqual({ state: 'paused' });
  });
  await fixture.sql(bypassed('update accounts set balance = 77 where id = 3'));
  await watching.look();
  expect(replay()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('behind the primary') });
  expect(watching.state(accounts)).toBe('suspect');
  expect(watching.metric('audit_trail_missing_events_total')).toBe(0);

  await onStandby('select pg_wal_replay_resume()');
  await look();
  expect(watching.state(accounts)).toBe('confirmed');
  expect(watching.metric('audit_trail_missing_events_total', { table: accounts, operation: 'UPDATE' })).toBe(1);

  await standby.stop('fast');
  await watching.look();
  expect(replay().state).toBe('unknown');
  expect(watching.state('public.holdings')).toBe('unknown');
  expect(watching.reason('public.holdings')).toContain('rows cannot be compared');
  // The primary is still looked at.
  expect(watching.observer.state.evidence.get('connection').state).toBe('ok');

  await standby.start();
  await look();
  expect(watching.state('public.holdings')).toBe('ok');
});

/** A server under `replica` that is no standby of the database, or not any more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { PostgresServer } from '../../../../../demo/postgres/index.js';
import { explain } from '../../../../../exporters/audit-trail/index.js';
import { report } from '../../../../../exporters/audit-trail/inspect/report.js';
import { createSealer, generateSealKey } from '../../../../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import type { AuditTrail } from '../../../../../pack/audit-trail/model.js';
import { SecretText } from '../../../../../pack/index.js';
import {
  type AuditFixture,
  auditFixture,
  startAuditServer,
  type Watching,
  watch,
} from '../../../../support/audit-trail/fixture.js';
import { type Standby, standbyOf } from '../../../../support/postgres/standby.js';

const accounts = 'public.accounts';
let primary: PostgresServer;
let standby: Standby;

beforeAll(async () => {
  primary = await startAuditServer({ wal_level: 'replica' });
}, 60_000);
afterAll(async () => {
  await standby?.close();
  await primary?.close();
});

async function someTrail(): Promise<AuditFixture> {
  const fixture = await auditFixture(primary);
  onTestFinished(() => fixture.close());
  await fixture.sql(`set app.actor = 'ann'; insert into accounts (id, name) select i, 'a' from generate_series(1, 5) i;
    update accounts set balance = 1`);
  return fixture;
}

function readAt(fixture: AuditFixture, url: string, more: Partial<AuditTrail> = {}): Watching {
  const replica = { ...fixture.trail.database, url: SecretText.literal(url) };
  const watching = watch(fixture, { trail: { replica, ...more } });
  onTestFinished(() => watching.close());
  return watching;
}

/** A balance changes while nothing is recorded, as somebody who owns the table can do it. */
const unrecorded = (id: number) => `alter table accounts disable trigger audit_row;
  update accounts set balance = 77 where id = ${id};
  alter table accounts enable always trigger audit_row`;

const replay = (watching: Watching) => watching.observer.state.evidence.get('replay');

async function explained(trail: AuditTrail): Promise<readonly string[]> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'kop-explain-'));
  onTestFinished(() => rm(stateDirectory, { recursive: true }));
  const options = { stateDirectory, signal: AbortSignal.timeout(30_000), showKeys: true };
  return (await explain(trail, accounts, options)).findings.map(({ kind, operation }) => `${kind} ${operation}`);
}

test('a copy of the database is no replica: a lost record is found on the database itself', async () => {
  const fixture = await someTrail();
  const name = new URL(fixture.url).pathname.slice(1);
  const at = new URL(fixture.observerUrl);
  at.pathname = `/${name}_copy`;
  const admin = new pg.Client({ connectionString: primary.adminUrl });
  await admin.connect();
  await admin.query(`create database ${name}_copy template ${name}`);
  onTestFinished(async () => {
    await admin.query(`drop database ${name}_copy with (force)`);
    await admin.end();
  });
  const comparisons = [{ name: 'any', strength: 'proof', title: 'Any', query: 'select false as is_finding' }] as const;
  const watching = readAt(fixture, at.href, { comparisons });
  await watching.look();
  expect(replay(watching)).toMatchObject({ state: 'unknown', reason: expect.stringContaining('not in recovery') });
  expect(watching.state(accounts)).toBe('unknown');

  await fixture.sql(unrecorded(3));
  await watching.look();
  expect(watching.state(accounts)).toBe('confirmed');
  expect(watching.metric('audit_trail_missing_events_total', { table: accounts, operation: 'UPDATE' })).toBe(1);
  expect(await explained(watching.observer.state.trail)).toEqual(['missing UPDATE']);
  const stateDirectory = await mkdtemp(join(tmpdir(), 'kop-report-'));
  onTestFinished(() => rm(stateDirectory, { recursive: true }));
  const { trail } = watching.observer.state;
  const { comparisons: compared } = await report(trail, { stateDirectory, signal: AbortSignal.timeout(30_000) });
  expect(compared[0]?.result).toMatchObject({ state: 'unknown', reason: expect.stringContaining('not in recovery') });
});

// One story: what follows needs the standby as the part before left it.
test('a standby that is promoted proves nothing any more, and neither does one of another cluster', {
  timeout: 120_000,
}, async () => {
  const fixture = await someTrail();
  const directory = await mkdtemp(join(tmpdir(), 'kop-seal-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const settings = { max_prepared_transactions: '10', track_commit_timestamp: 'on' };
  standby = await standbyOf(primary, settings);
  const seal = {
    origin: 'kingstons.test/audit',
    key: SecretText.literal(generateSealKey('kingstons.test/audit').privateKey),
    directory,
    intervalMs: 60_000,
    maxRowsPerChunk: 50,
    verifyWithinMs: 3_600_000,
    anchors: [],
  };
  const watching = readAt(fixture, standby.urlOf(fixture.observerUrl));
  const { trail } = watching.observer.state;
  const sealer = createSealer({ ...trail, seal }, { log: silentLogger });
  if (sealer === undefined) throw new Error('no seal');
  onTestFinished(() => sealer.stop());
  await sealer.sealNow();
  await sealer.verifyRolling();
  await watching.look();
  await watching.look();
  expect(replay(watching).state).toBe('ok');
  expect(watching.state(accounts)).toBe('ok');

  await standby.ask('select pg_promote()');
  await fixture.sql(unrecorded(3));
  await watching.look();
  expect(replay(watching)).toMatchObject({ state: 'unknown', reason: expect.stringContaining('not in recovery') });
  expect(watching.state(accounts)).toBe('confirmed');
  expect(watching.state('public.holdings')).toBe('unknown');
  expect(await explained(trail)).toEqual(['missing UPDATE']);
  await expect(sealer.verifyRolling()).rejects.toThrow('not in recovery');
  expect(sealer.status().reasons).toContainEqual(expect.stringContaining('not in recovery'));

  // The roles changed: what was the primary follows nobody, and is still there.
  const other = await startAuditServer({ wal_level: 'replica' });
  onTestFinished(() => other.close());
  const foreign = await standbyOf(other, settings);
  onTestFinished(() => foreign.close());
  const url = new URL(foreign.server.adminUrl);
  const wrong = readAt(fixture, url.href);
  await wrong.look();
  expect(replay(wrong)).toMatchObject({ state: 'unknown', reason: expect.stringContaining('it is no standby of it') });
});

test('without the grants it is not known whether a server is a replica', async () => {
  const fixture = await someTrail();
  await fixture.sql('revoke execute on function pg_control_system() from public');
  onTestFinished(async () => {
    await fixture.sql('grant execute on function pg_control_system() to public');
  });
  await fixture.sql(`revoke execute on function pg_control_system() from ${fixture.observerRole}`);
  const watching = readAt(fixture, fixture.observerUrl);
  await watching.look();
  expect(replay(watching).state).toBe('unknown');
  expect(replay(watching).fixes).toEqual([
    `GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint(), pg_control_recovery() TO ${fixture.observerRole}`,
  ]);
});

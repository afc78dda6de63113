/** What reaches the database through PgBouncer in transaction mode. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { PostgresServer } from '../../../../demo/postgres/index.js';
import { createSealer, generateSealKey, type Sealer } from '../../../../exporters/audit-trail/seal/index.js';
import { createWitness } from '../../../../exporters/audit-trail/witness/index.js';
import { installSql } from '../../../../exporters/audit-trail/writer/index.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import { ReadOnlyDatabase } from '../../../../exporters/runtime/postgres/read-only.js';
import { SecretText } from '../../../../pack/index.js';
import type { Seal } from '../../../../pack/sealing/model.js';
import { type AuditFixture, auditFixture, startAuditServer, watch } from '../../../support/audit-trail/fixture.js';
import { bypassed } from '../../../support/audit-trail/schema.js';
import { kingston } from '../../../support/encryption/ciphertexts.js';
import { column, scanNow, scanOf } from '../../../support/encryption/scanning.js';
import { type Pooler, startPooler } from '../../../support/postgres/pooler.js';

const ORIGIN = 'kingstons.test/pooled';
const accounts = 'public.accounts';
let server: PostgresServer;
let fixture: AuditFixture;
let pooler: Pooler;

beforeAll(async () => {
  server = await startAuditServer({ wal_level: 'logical' });
  fixture = await auditFixture(server);
  pooler = await startPooler(server.adminUrl, [server.adminUrl, fixture.observerUrl]);
  await fixture.sql(
    `set app.actor = 'ann'; insert into accounts (id, name) select i, 'a' from generate_series(1, 5) i`,
  );
}, 60_000);
afterAll(async () => {
  await pooler?.close();
  await fixture?.close();
  await server?.close();
});

const access = (url: string) => ({ url: SecretText.literal(url), statementTimeoutMs: 20_000, maxConnections: 3 });
const key = SecretText.literal(generateSealKey(ORIGIN).privateKey);

async function newFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kop-pooled-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function sealerIn(directory: string, url: string): Sealer {
  const seal: Seal = {
    origin: ORIGIN,
    key,
    directory,
    intervalMs: 60_000,
    maxRowsPerChunk: 50,
    verifyWithinMs: 3_600_000,
    anchors: [],
  };
  const sealer = createSealer({ ...fixture.trail, database: access(url), seal }, { log: silentLogger });
  if (sealer === undefined) throw new Error('no seal');
  onTestFinished(() => sealer.stop());
  return sealer;
}

test('the sealer seals, verifies, and seals again after a restart; nothing of it stays in the pool', async () => {
  const url = pooler.urlOf(fixture.observerUrl);
  const directory = await newFolder();
  const first = sealerIn(directory, url);
  await first.sealNow();
  await first.verifyRolling();
  expect(first.status()).toMatchObject({ state: 'sealing', evidence: 'ok' });
  await first.stop();
  const { rows } = await fixture.sql(
    `select (select count(*) from pg_locks where locktype = 'advisory')::int as locks,
      (select count(*) from pg_stat_activity where usename = '${fixture.observerRole}')::int as connections`,
  );
  expect(rows[0]).toMatchObject({ locks: 0, connections: expect.toSatisfy((n: number) => n > 0) });

  await fixture.sql(`set app.actor = 'ann'; update accounts set balance = 2 where id = 1`);
  const second = sealerIn(directory, url);
  expect((await second.sealNow()).rows).toBe(1);
  await second.stop();
  // The pool's connections are as others need them.
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const shown = await client.query(
    `select current_setting('statement_timeout') as timeout, current_setting('enable_sort') as sort`,
  );
  expect(shown.rows).toEqual([{ timeout: '0', sort: 'on' }]);
});

test('one through a pooler and one without it never seal at once', async () => {
  const direct = sealerIn(await newFolder(), fixture.observerUrl);
  await direct.sealNow();
  const pooled = sealerIn(await newFolder(), pooler.urlOf(fixture.observerUrl));
  await expect(pooled.sealNow()).rejects.toThrow('another sealer of "kingstons.test/pooled" is connected');
  expect(pooled.status().waitingSince).toBeInstanceOf(Date);
  await direct.stop();
  await pooled.sealNow();
  expect(pooled.status()).toMatchObject({ state: 'sealing', waitingSince: undefined });
});

test('the observer proves through a pooler, and cancels what it asked for', async () => {
  const watching = watch(fixture, { trail: { database: access(pooler.urlOf(fixture.observerUrl)) } });
  onTestFinished(() => watching.close());
  await watching.look();
  await watching.look();
  expect(watching.state(accounts)).toBe('ok');
  await fixture.sql(bypassed('update accounts set balance = 77 where id = 3'));
  await watching.look();
  expect(watching.state(accounts)).toBe('confirmed');

  const database = new ReadOnlyDatabase(access(pooler.urlOf(fixture.observerUrl)), {
    application: 'kop-test',
    log: silentLogger,
  });
  onTestFinished(() => database.close());
  const stop = new AbortController();
  const slow = database.read(stop.signal, (session) => session.query('select pg_sleep(60)'));
  const sleeping = `select count(*)::int as n from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'`;
  await vi.waitFor(async () => expect((await fixture.sql(sleeping)).rows).toEqual([{ n: 1 }]), { timeout: 5000 });
  stop.abort();
  await expect(slow).rejects.toThrow();
  await vi.waitFor(async () => expect((await fixture.sql(sleeping)).rows).toEqual([{ n: 0 }]), { timeout: 5000 });
});

test('the witness counts through a pooler', async () => {
  await fixture.sql(`select pg_create_logical_replication_slot('pooled', 'test_decoding')`);
  const witness = createWitness(
    { kind: 'decoding', database: access(pooler.urlOf(fixture.url)), slot: 'pooled' },
    { log: silentLogger },
  );
  onTestFinished(async () => {
    await witness.close();
    await fixture.sql(`select pg_drop_replication_slot('pooled')`);
  });
  const signal = AbortSignal.timeout(20_000);
  expect(await witness.poll(signal)).toMatchObject({ state: 'started' });
  await fixture.sql(`set app.actor = 'ann'; update accounts set balance = 3 where id = 2`);
  await vi.waitFor(
    async () => {
      const report = await witness.poll(signal);
      expect(JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).toContain(
        'accounts',
      );
    },
    { timeout: 15_000 },
  );
});

test('columns are scanned, and the writer is installed, through a pooler', async () => {
  await fixture.sql(
    `create table secrets (id int primary key, value jsonb); grant select on secrets to ${fixture.observerRole}`,
  );
  await fixture.sql('insert into secrets values (1, $1)', [JSON.stringify(kingston())]);
  const url = pooler.urlOf(fixture.observerUrl);
  const [outcome] = await scanNow(scanOf(url, [column('public.secrets', { kind: 'kingston-jsonb' })]));
  expect(outcome?.verdict?.states).toMatchObject({ encrypted: 1 });

  const empty = await auditFixture(server, { isEmpty: true });
  onTestFinished(() => empty.close());
  await empty.sql('create table public.notes (id int primary key, note text)');
  const admin = new pg.Client({ connectionString: pooler.urlOf(empty.url) });
  await admin.connect();
  onTestFinished(() => admin.end());
  await admin.query(installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: false }));
  await empty.sql(`insert into notes values (1, 'a')`);
  expect((await empty.sql('select count(*)::int as n from audit.log')).rows).toEqual([{ n: 1 }]);
});

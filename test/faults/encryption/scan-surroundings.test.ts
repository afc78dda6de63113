/** What may happen around a scan: a table goes away under it, it reads a replica, a key service tells its versions. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../demo/postgres/index.js';
import { scanOnce } from '../../../exporters/encryption/scan/scan-once.js';
import { Redactor } from '../../../exporters/runtime/log.js';
import type { EncryptionKey } from '../../../pack/index.js';
import { kingston } from '../../support/encryption/ciphertexts.js';
import { fieldEncryption, literal, somePortal } from '../../support/encryption/domain.js';
import { exporterOf, seriesOf, total } from '../../support/encryption/exporter.js';
import { access, column, encryptionOf, run, scanNow, scanOf } from '../../support/encryption/scanning.js';
import { TransitStandIn } from '../../support/encryption/transit-stand-in.js';

const json = { kind: 'kingston-jsonb' } as const;

let server: PostgresServer;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  url = server.adminUrl;
}, 60_000);

afterAll(() => server?.close());

async function fill(database: string, name: string, values: readonly unknown[]): Promise<void> {
  await run(database, `create table public.${name} (id int primary key, value jsonb)`);
  await run(
    database,
    `insert into public.${name} select o, v from jsonb_array_elements($1::jsonb) with ordinality as r (v, o)`,
    [JSON.stringify(values)],
  );
}

test('a table that is dropped in the middle is said to be gone, and the next one is scanned', async () => {
  const values = Array.from({ length: 300 }, () => kingston());
  await fill(url, 'dropped', values);
  await fill(url, 'stays', values.slice(0, 10));
  const scan = scanOf(url, [column('public.dropped', json), column('public.stays', json)], { batchRows: 50 });
  let isDropped: Promise<unknown> | undefined;
  const outcomes = await scanOnce({
    encryption: encryptionOf(scan),
    scan: { ...scan, rowsPerSecond: 100 },
    columns: scan.columns,
    isRestart: false,
    redactor: new Redactor(),
    signal: new AbortController().signal,
    onProgress: ({ table }, { rows }) => {
      if (table === 'public.dropped' && rows > 0) isDropped ??= run(url, 'drop table public.dropped');
    },
    onNote: () => undefined,
  });
  await isDropped;
  expect(outcomes[0]).toMatchObject({ trouble: expect.stringMatching(/the table does not exist/), wasStopped: false });
  expect(outcomes[1]).toMatchObject({ whole: { tally: { rows: 10 } } });
});

const table: EncryptionKey = {
  name: 'fields',
  title: 'Fields',
  sensitivity: 'restricted',
  rotateEveryDays: 30,
  source: {
    kind: 'table',
    table: 'public.rotations',
    key: 'field_path',
    means: 'fields',
    version: 'new_key_version',
    rotatedAt: 'rotation_date',
  },
};

test('with a replica, columns are read there and keys in the database', async () => {
  // Another database of the same server: what only one of them has shows who was asked.
  await run(url, 'create database replica');
  const replica = new URL(url);
  replica.pathname = '/replica';
  await fill(replica.href, 'replicated', [kingston('a', 'v1'), kingston('b', 'v2'), kingston('c', 'v9')]);
  await run(
    url,
    `create table public.rotations (field_path text, new_key_version text, rotation_date timestamptz);
     insert into public.rotations values ('fields', 'v1', now() - interval '40 days'), ('fields', 'v2', now())`,
  );
  const scan = scanOf(url, [column('public.replicated', json, { key: 'fields' })], { replica: access(replica.href) });
  const [outcome] = await scanNow(scan, [table]);
  expect(outcome?.verdict?.states).toMatchObject({ encrypted: 2, unknown_version: 1 });
  expect(outcome?.verdict?.progressRatio).toBeCloseTo(1 / 3, 1);
});

test('a replica that is away is said to be, although the database is there', async () => {
  await fill(url, 'primary_only', [kingston()]);
  const away = access('postgres://nobody@127.0.0.1:1/none');
  const [outcome] = await scanNow(scanOf(url, [column('public.primary_only', json)], { replica: away }));
  expect(outcome?.trouble).toBe('the database cannot be reached (ECONNREFUSED)');
});

test('a key service tells which versions there are, and when the last one was made', async () => {
  const service = new TransitStandIn();
  const address = await service.start();
  onTestFinished(() => service.close());
  const key = service.key('fields');
  key.rotate();
  const sealed = (version: number) => `vault:v${version}:${randomBytes(40).toString('base64')}`;
  await run(
    url,
    `create table public.sealed (id int primary key, value text);
     insert into public.sealed values (1, '${sealed(1)}'), (2, '${sealed(2)}'), (3, '${sealed(2)}'), (4, '${sealed(7)}')`,
  );
  const scan = scanOf(url, [column('public.sealed', { kind: 'transit' }, { key: 'fields' })], { intervalMs: 1000 });
  const vault = {
    name: 'vault',
    kind: 'transit',
    address,
    mount: 'transit',
    key: 'fields',
    token: literal(service.token()),
    renewToken: false,
  } as const;
  const { configure, start, collect } = exporterOf();
  const encryption = fieldEncryption([vault], {
    keys: [{ ...table, source: { kind: 'provider', provider: 'vault' } }],
    scan,
  });
  await configure([encryption], [somePortal('http://127.0.0.1:1')]);
  await start();
  await vi.waitFor(
    async () => {
      const series = seriesOf(await collect('encryption-scan'));
      const rows = (state: string) => total(series, 'field_encryption_rows', { state });
      expect(total(series, 'field_encryption_key_source_up', { key: 'fields' })).toBe(1);
      expect([rows('encrypted'), rows('unknown_version')]).toEqual([3, 1]);
      expect(total(series, 'field_encryption_key_version_rows', { version: 'v2' })).toBe(2);
      const rotatedAt = total(series, 'field_encryption_key_rotated_timestamp_seconds') ?? 0;
      expect(Math.abs(rotatedAt - Date.now() / 1000)).toBeLessThan(120);
      expect(total(series, 'field_encryption_key_rotation_due_timestamp_seconds')).toBeCloseTo(
        rotatedAt + 30 * 86_400,
        0,
      );
    },
    { timeout: 20_000, interval: 200 },
  );
}, 40_000);

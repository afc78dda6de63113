/** What may happen around a scan: a table goes away under it, it reads a replica, a key service tells its versions. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { startPostgres } from '../../../demo/postgres/index.js';
import { scanOnce } from '../../../exporters/encryption/scan/scan-once.js';
import { Redactor } from '../../../exporters/runtime/log.js';
import type { EncryptionKey } from '../../../pack/encryption/model.js';
import { kingston } from '../../support/encryption/ciphertexts.js';
import { fieldEncryption, literal, somePortal } from '../../support/encryption/domain.js';
import { exporterOf, seriesOf, total } from '../../support/encryption/exporter.js';
import {
  access,
  column,
  commandFolder,
  encryptionOf,
  run,
  scanNow,
  scanOf,
} from '../../support/encryption/scanning.js';
import { TransitStandIn } from '../../support/encryption/transit-stand-in.js';
import { type BorrowedServer, borrowPostgres } from '../../support/postgres/borrowed.js';
import { standbyOf } from '../../support/postgres/standby.js';

const json = { kind: 'kingston-jsonb' } as const;

let server: BorrowedServer;
let url: string;

beforeAll(async () => {
  server = await borrowPostgres();
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
    folder: commandFolder(scan),
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
  expect(outcomes[0]).toMatchObject({ problem: expect.stringMatching(/the table does not exist/), wasStopped: false });
  expect(outcomes[1]).toMatchObject({ whole: { tally: { rows: 10 } } });
});

const rotationsIn = (name: string): EncryptionKey['source'] => ({
  kind: 'table',
  table: name,
  key: 'field_path',
  means: 'fields',
  version: 'new_key_version',
  rotatedAt: 'rotation_date',
});

const table: EncryptionKey = {
  name: 'fields',
  title: 'Fields',
  sensitivity: 'restricted',
  rotateEveryDays: 30,
  source: rotationsIn('public.rotations'),
};

test('with a replica, columns are read there and keys in the database', { timeout: 60_000 }, async () => {
  const primary = await startPostgres({ settings: { wal_level: 'replica' } });
  onTestFinished(() => primary.close());
  await fill(primary.adminUrl, 'replicated', [kingston('a', 'v1'), kingston('b', 'v2'), kingston('c', 'v9')]);
  await run(
    primary.adminUrl,
    `create table public.rotations (field_path text, new_key_version text, rotation_date timestamptz);
     insert into public.rotations values ('fields', 'v1', now() - interval '40 days'), ('fields', 'v2', now());
     create role scanner login password 'p'; grant select on public.replicated, public.rotations to scanner`,
  );
  const standby = await standbyOf(primary);
  onTestFinished(() => standby.close());
  const url = new URL(primary.adminUrl);
  url.username = 'scanner';
  url.password = 'p';
  const replica = access(standby.urlOf(url.href));
  const scan = scanOf(url.href, [column('public.replicated', json, { key: 'fields' })], { replica });
  const [outcome] = await scanNow(scan, [table]);
  expect(outcome?.verdict?.states).toMatchObject({ encrypted: 2, unknown_version: 1 });
  expect(outcome?.verdict?.progressRatio).toBeCloseTo(1 / 3, 1);
  await standby.ask('select pg_promote()');
  const [promoted] = await scanNow(scan, [table]);
  expect(promoted?.problem).toContain('not in recovery');
});

test('a copy of the database is no replica', async () => {
  // What only one of them has would show who was asked.
  await run(url, 'create database replica');
  const replica = new URL(url);
  replica.pathname = '/replica';
  await fill(replica.href, 'copied', [kingston()]);
  const [outcome] = await scanNow(scanOf(url, [column('public.copied', json)], { replica: access(replica.href) }));
  expect(outcome?.problem).toContain('not in recovery');
});

test('a replica that is away is said to be, although the database is there', async () => {
  await fill(url, 'primary_only', [kingston()]);
  const away = access('postgres://nobody@127.0.0.1:1/none');
  const [outcome] = await scanNow(scanOf(url, [column('public.primary_only', json)], { replica: away }));
  expect(outcome?.problem).toBe('the database cannot be reached (ECONNREFUSED)');
});

test('a version with a name that was made in the middle of a scan is known at its end, in both readers', async () => {
  const values = ['2025-06', 'grün', 'grün', 'v2', 'QQ123456C'].map((version) => kingston('a', version));
  await fill(url, 'named', values);
  await run(
    url,
    `create table public.named_rotations as select 'fields' as field_path, '2025-06' as new_key_version, now() as rotation_date`,
  );
  const pattern = '.*"key_version": "(?<version>[^"]+)".*';
  for (const format of [json, { kind: 'regex', pattern } as const]) {
    await run(url, "delete from public.named_rotations where new_key_version <> '2025-06'");
    const scan = scanOf(url, [column('public.named', format, { key: 'fields' })], { batchRows: 1 });
    let isRotated: Promise<unknown> | undefined;
    const [outcome] = await scanOnce({
      encryption: encryptionOf(scan, [{ ...table, source: rotationsIn('public.named_rotations') }]),
      scan: { ...scan, rowsPerSecond: 20 },
      folder: commandFolder(scan),
      columns: scan.columns,
      isRestart: false,
      redactor: new Redactor(),
      signal: new AbortController().signal,
      onProgress: (_, { rows }) => {
        if (rows === 2) {
          isRotated ??= run(
            url,
            `insert into public.named_rotations values ('fields', 'v2', now()), ('fields', 'grün', now() + interval '1 s')`,
          );
        }
      },
      onNote: () => undefined,
    });
    await isRotated;
    expect(outcome).toMatchObject({ verdict: { states: { encrypted: 4, unknown_version: 1 }, newestRows: 2 } });
    expect(JSON.stringify(outcome)).not.toContain('QQ123456C');
  }
});

const sealed = (version: number) => `vault:v${version}:${randomBytes(40).toString('base64')}`;

/** A key service with a canary that was never rotated, and the key that encrypts at its third version. */
async function keyService() {
  const service = new TransitStandIn();
  const address = await service.start();
  onTestFinished(() => service.close());
  service.key('kop-canary');
  const key = service.key('clients');
  key.rotate();
  key.rotate();
  const token = service.token();
  const vault = {
    name: 'vault',
    kind: 'transit',
    address,
    mount: 'transit',
    key: 'kop-canary',
    token: literal(token),
    renewToken: false,
  } as const;
  return { service, token, vault };
}

const ofVault: EncryptionKey = {
  ...table,
  source: { kind: 'provider', provider: 'vault', providerKey: 'clients' },
};

async function sealedTable(name: string, versions: readonly number[]) {
  const values = versions.map((version, index) => `(${index}, '${sealed(version)}')`).join(', ');
  await run(
    url,
    `create table public.${name} (id int primary key, value text); insert into public.${name} values ${values}`,
  );
  return column(`public.${name}`, { kind: 'transit' }, { key: 'fields' });
}

test('a key service tells which versions the scanned key has, and when the last one was made', async () => {
  const { service, token, vault } = await keyService();
  const scan = scanOf(url, [await sealedTable('sealed', [1, 3, 3, 7])], { intervalMs: 1000 });
  const { configure, start, collect, logs } = exporterOf();
  await configure([fieldEncryption([vault], { keys: [ofVault], scan })], [somePortal('http://127.0.0.1:1')]);
  await start();
  const shows = (check: (series: Awaited<ReturnType<typeof seriesOf>>) => void) =>
    vi.waitFor(async () => check(seriesOf(await collect('encryption-scan'))), { timeout: 20_000, interval: 200 });
  await shows((series) => {
    const rows = (state: string) => total(series, 'field_encryption_rows', { state });
    expect(total(series, 'field_encryption_key_source_up', { key: 'fields' })).toBe(1);
    expect([rows('encrypted'), rows('unknown_version')]).toEqual([3, 1]);
    expect(total(series, 'field_encryption_key_version_rows', { version: 'v3' })).toBe(2);
    expect(total(series, 'field_encryption_key_invocations_ratio', { key: 'fields' })).toBe(2 / 2 ** 32);
    const rotatedAt = total(series, 'field_encryption_key_rotated_timestamp_seconds') ?? 0;
    expect(Math.abs(rotatedAt - Date.now() / 1000)).toBeLessThan(120);
    expect(total(series, 'field_encryption_key_rotation_due_timestamp_seconds')).toBeCloseTo(
      rotatedAt + 30 * 86_400,
      0,
    );
  });
  // The key that encrypts is looked at, and nothing else is done to it.
  expect(new Set(service.seen.filter((each) => each.includes('clients')))).toEqual(
    new Set(['GET transit/keys/clients']),
  );

  service.revoke(token);
  await shows((series) => {
    expect(total(series, 'field_encryption_key_source_up', { key: 'fields' })).toBe(0);
    expect(total(series, 'field_encryption_key_rotation_due_timestamp_seconds')).toBeUndefined();
    // Which versions there were stays true.
    expect(total(series, 'field_encryption_rows', { state: 'unknown_version' })).toBe(1);
  });
  const told = logs.filter((line) => line.includes('age of a key cannot be read') && line.includes('level=warn'));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('the token may not read transit/keys/clients');
  expect(logs.join('\n')).not.toContain(token);
}, 60_000);

test('a scan by hand asks the key service too, and says so when it cannot', async () => {
  const { service, token, vault } = await keyService();
  const scan = scanOf(url, [await sealedTable('by_hand', [1, 3, 7])]);
  const [outcome] = await scanNow(scan, [ofVault], { providers: [vault] });
  expect(outcome?.verdict?.states).toMatchObject({ encrypted: 2, unknown_version: 1 });
  expect(outcome).not.toHaveProperty('keyProblem');

  service.revoke(token);
  const [blind] = await scanNow(scan, [ofVault], { providers: [vault] });
  expect(blind?.keyProblem).toBe('status 403: the token may not read transit/keys/clients');

  const gone: EncryptionKey = { ...ofVault, source: { kind: 'provider', provider: 'vault', providerKey: 'client' } };
  const again = { ...vault, token: literal(service.token()) };
  const [unnamed] = await scanNow(scan, [gone], { providers: [again] });
  expect(unnamed?.keyProblem).toBe("status 404: no key 'client' in transit");
});

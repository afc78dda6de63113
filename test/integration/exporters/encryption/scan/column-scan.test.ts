import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cleanTables, fillCleanTable, plantPlaintext } from '../../../../../bench/encryption/clean-tables.js';
import { scanColumn } from '../../../../../exporters/encryption/scan/column-scan.js';
import { ScanDatabase } from '../../../../../exporters/encryption/scan/database.js';
import { ScanPace } from '../../../../../exporters/encryption/scan/pace.js';
import { Spool } from '../../../../../exporters/encryption/scan/spool.js';
import { ScanWatch, storeFor } from '../../../../../exporters/encryption/scan/watch.js';
import { Redactor, silentLogger } from '../../../../../exporters/runtime/log.js';
import { looseFolder, StateKeeper } from '../../../../../exporters/runtime/state/index.js';
import type { CiphertextScan } from '../../../../../pack/encryption/model.js';
import { ciphersweet, kingston } from '../../../../support/encryption/ciphertexts.js';
import {
  access,
  column,
  commandFolder,
  encryptionOf,
  run,
  scanNow,
  scanOf,
} from '../../../../support/encryption/scanning.js';
import { vectors } from '../../../../support/encryption/vectors.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';

const isLong = process.env.KOP_LONG === '1';
const ROWS = isLong ? 1_000_000 : 25_000;
const LONG_MS = isLong ? 600_000 : 60_000;
const json = { kind: 'kingston-jsonb' } as const;

let server: BorrowedServer;
let url: string;

beforeAll(async () => {
  server = await borrowPostgres();
  url = server.adminUrl;
  await run(url, 'create extension pgcrypto');
}, 60_000);

afterAll(() => server?.close());

async function table(name: string, values: readonly unknown[]): Promise<string> {
  await run(url, `create table public.${name} (id int primary key, value jsonb)`);
  await run(
    url,
    `insert into public.${name} select o, v from jsonb_array_elements($1::jsonb) with ordinality as r (v, o)`,
    [JSON.stringify(values)],
  );
  return `public.${name}`;
}

async function only(scan: CiphertextScan) {
  const [outcome] = await scanNow(scan);
  if (outcome?.verdict === undefined || outcome.whole === undefined) throw new Error(outcome?.problem ?? 'no outcome');
  return { ...outcome.verdict, ...outcome.whole };
}

describe(`${ROWS} rows`, () => {
  test.each(cleanTables)(
    '$name: none is suspected, and one plain text among them is found',
    async (clean) => {
      const sql = (text: string) => run(url, text);
      await fillCleanTable(sql, clean, ROWS);
      const path = clean.path === undefined ? {} : { path: clean.path };
      const scan = scanOf(url, [column(`public.${clean.name}`, clean.format, path)]);
      expect(await only(scan)).toMatchObject({
        states: {
          encrypted: ROWS,
          plaintext_suspect: 0,
          malformed: 0,
          unknown_version: 0,
          revoked_version: 0,
          undecided_version: 0,
          null: 0,
        },
        tally: { rows: ROWS },
        copies: 0,
        reuse: [],
      });
      await plantPlaintext(sql, clean, ROWS);
      expect((await only(scan)).states).toMatchObject({ encrypted: ROWS - 1, plaintext_suspect: 1, malformed: 0 });
      await run(url, `drop table public.${clean.name}`);
    },
    LONG_MS,
  );
});

describe('nonces', () => {
  test.each(['nacl', 'brng', 'fips'] as const)('of CipherSweet (%s) used again are found', async (backend) => {
    // The nonce of a genuine value, as the library lays it out; MAC and ciphertext differ from row to row.
    const genuine = vectors('ciphersweet').find(({ text }) => text?.startsWith(backend))?.text ?? '';
    const nonce = Buffer.from(genuine.slice(5), 'base64url').subarray(0, backend === 'fips' ? 48 : 24);
    const values = [
      ...Array.from({ length: 200 }, () => ciphersweet(backend, 9, nonce)),
      ...vectors('ciphersweet').flatMap(({ text }) => (text?.startsWith(backend) && text !== genuine ? [text] : [])),
    ];
    await run(url, `create table public.sweet_${backend} (id int primary key, value text)`);
    await run(
      url,
      `insert into public.sweet_${backend} select o, v from unnest($1::text[]) with ordinality as r (v, o)`,
      [values],
    );
    const found = await only(scanOf(url, [column(`public.sweet_${backend}`, { kind: 'ciphersweet' })]));
    expect(found.reuse.map(({ rows }) => rows)).toEqual([200]);
    expect(found.states.encrypted).toBe(values.length);
  });

  test('used again is told from copied, and from the same nonce under another version', async () => {
    const nonce = Buffer.from('000102030405060708090a0b', 'hex');
    const copied = kingston();
    const name = await table('nonces', [
      kingston('one', 'v1', nonce),
      kingston('two', 'v1', nonce),
      kingston('three', 'v1', nonce),
      kingston('four', 'v2', nonce),
      copied,
      copied,
      kingston(),
    ]);
    const found = await only(scanOf(url, [column(name, json)], { batchRows: 2 }));
    expect(found.reuse.map(({ rows }) => rows)).toEqual([3]);
    expect(found.copies).toBe(2);
  });

  test('one nonce for everything, as of a constant, takes no memory and is told', async () => {
    const nonce = Buffer.alloc(12, 1);
    const name = await table(
      'constant',
      Array.from({ length: 3000 }, () => kingston('x', 'v1', nonce)),
    );
    expect((await only(scanOf(url, [column(name, json)]))).reuse.map(({ rows }) => rows)).toEqual([3000]);
  });
});

test('copies inside audit images are found by their path; ties of a key are not lost', async () => {
  await run(url, 'create table public.images (id int not null, value jsonb); create index on public.images (id)');
  const rows = [
    { ni_number: kingston(), name: 'kept plain on purpose' },
    { ni_number: 'QQ123456C' },
    { ni_number: null },
    { other: 1 },
  ];
  await run(url, `insert into public.images select 1, jsonb_array_elements($1::jsonb)`, [JSON.stringify(rows)]);
  const scan = scanOf(url, [column('public.images', json, { path: ['ni_number'] })], { batchRows: 1 });
  expect((await only(scan)).states).toEqual({
    encrypted: 1,
    plaintext_suspect: 1,
    malformed: 0,
    wrapped: 0,
    unknown_version: 0,
    revoked_version: 0,
    undecided_version: 0,
    null: 2,
  });
});

test.each([
  ['char(8)', "lpad(n::text, 8, 'key')"],
  ['varchar(8)', "lpad(n::text, 8, 'key')"],
  ['text', "lpad(n::text, 8, 'key')"],
  ['public.badge', "lpad(n::text, 8, 'key')"],
  ['name', "lpad(n::text, 8, 'key')"],
  ['bit(8)', 'n::bit(8)'],
  ['varbit(8)', 'n::bit(8)'],
  ['uuid', "lpad(n::text, 32, '0')::uuid"],
  ['timestamptz', "timestamptz '2026-01-01' + n * interval '1 microsecond'"],
  ['numeric(9, 3)', 'n / 1000.0'],
  ['bytea', 'int4send(n)'],
])('a key of type %s leads through the table, in both readers', async (type, key) => {
  await run(url, 'drop domain if exists public.badge cascade; create domain public.badge as char(8)');
  await run(url, `drop table if exists public.keyed; create table public.keyed (id ${type} primary key, value jsonb)`);
  await run(url, `insert into public.keyed select ${key}, $1::jsonb from generate_series(1, 7) n`, [
    JSON.stringify(kingston()),
  ]);
  for (const format of [json, { kind: 'regex', pattern: '.*key_version.*' } as const]) {
    const scan = scanOf(url, [column('public.keyed', format)], { batchRows: 2 });
    const [outcome] = await scanNow(scan, [], { signal: AbortSignal.timeout(5000) });
    expect(outcome?.problem).toBeUndefined();
    expect(outcome?.whole?.tally).toMatchObject({ rows: 7, states: { encrypted: 7 } });
  }
});

test('JSON in a column of fixed width is judged', async () => {
  await run(url, 'create table public.fixed (id int primary key, value char(400))');
  await run(url, `insert into public.fixed values (1, $1), (2, 'QQ123456C'), (3, '{ broken')`, [
    JSON.stringify(kingston()),
  ]);
  expect((await only(scanOf(url, [column('public.fixed', json)]))).states).toMatchObject({
    encrypted: 1,
    plaintext_suspect: 1,
    malformed: 1,
  });
});

describe('progress', () => {
  const values = Array.from({ length: 500 }, (_, index) => (index === 400 ? 'plain' : kingston()));

  /** Stops as Ctrl-C does, after the given number of batches. */
  async function scanUntil(scan: ReturnType<typeof scanOf>, batches: number): Promise<void> {
    const [first] = scan.columns;
    if (first === undefined) throw new Error('no column');
    const store = storeFor(commandFolder(scan), 'main', first);
    const { state } = await store.load();
    const stopping = new AbortController();
    let seen = -1;
    const database = new ScanDatabase(scan.database);
    await expect(
      scanColumn({
        column: first,
        database,
        pace: new ScanPace(scan.rowsPerSecond),
        batchRows: scan.batchRows,
        store,
        state,
        signal: stopping.signal,
        onProgress: () => {
          seen += 1;
          if (seen === batches) stopping.abort();
        },
      }),
    ).rejects.toThrow();
    await database.close();
  }

  test('survives a stop: the next one goes on, and ends with the same counts and findings', async () => {
    const nonce = Buffer.alloc(12, 7);
    const name = await table('stopped', [kingston('a', 'v1', nonce), ...values, kingston('b', 'v1', nonce)]);
    const scan = scanOf(url, [column(name, json)], { batchRows: 50 });
    await scanUntil(scan, 4);
    const notes: string[] = [];
    const [outcome] = await scanNow(scan, [], { notes });
    expect(notes).toEqual(['going on after 200 rows; --restart starts from the beginning']);
    expect(outcome?.whole?.tally.rows).toBe(502);
    expect(outcome?.verdict?.states).toMatchObject({ encrypted: 501, plaintext_suspect: 1 });
    expect(outcome?.whole?.findings).toEqual([{ state: 'plaintext_suspect', after: '400', upTo: '450', rows: 1 }]);
    expect(outcome?.whole?.reuse.map(({ rows }) => rows)).toEqual([2]);
  });

  test('survives a kill: hashes that were written after the last checkpoint are cut off', async () => {
    const nonce = Buffer.alloc(12, 8);
    const name = await table('killed', [kingston('a', 'v1', nonce), ...values, kingston('b', 'v1', nonce)]);
    const scan = scanOf(url, [column(name, json)], { batchRows: 50 });
    await scanUntil(scan, 2);
    const folder = join(scan.stateDirectory, 'command');
    const files = readdirSync(folder);
    const checkpoint = files.map((each) => [join(folder, each), readFileSync(join(folder, each))] as const);
    await scanUntil(scan, 5);
    // The state of the checkpoint beside the hashes of three batches more: what a kill in between leaves.
    for (const [file, bytes] of checkpoint) if (file.endsWith('.json')) writeFileSync(file, bytes);
    const found = await only(scan);
    expect(found.tally.rows).toBe(502);
    expect(found).toMatchObject({ copies: 0 });
    expect(found.reuse.map(({ rows }) => rows)).toEqual([2]);
  });

  test('that is corrupted is said to be, and begun anew', async () => {
    const name = await table('corrupted', values);
    const scan = scanOf(url, [column(name, json)], { batchRows: 50 });
    await scanUntil(scan, 3);
    const folder = join(scan.stateDirectory, 'command');
    const [file = ''] = readdirSync(folder).filter((each) => each.endsWith('.json'));
    const written = readFileSync(join(folder, file), 'utf8');
    writeFileSync(join(folder, file), written.replace('"rows":150', '"rows":151'));
    const notes: string[] = [];
    const [outcome] = await scanNow(scan, [], { notes });
    expect(notes).toEqual(['the progress of the last scan is corrupted; starting again']);
    expect(outcome?.whole?.tally.rows).toBe(500);
  });

  test('whose hashes are lost is begun anew as well', async () => {
    const name = await table('lost', values);
    const scan = scanOf(url, [column(name, json)], { batchRows: 50 });
    await scanUntil(scan, 3);
    const folder = join(scan.stateDirectory, 'command');
    const [file = ''] = readdirSync(folder).filter((each) => each.endsWith('.hashes'));
    writeFileSync(join(folder, file), '');
    expect((await only(scan)).tally.rows).toBe(500);
  });

  test('holds no value, and leaves nothing but counts when it is done', async () => {
    const name = await table('values', ['QQ123456C', { ...kingston(), key_version: 'QQ123456C' }, kingston()]);
    const scan = scanOf(url, [column(name, json)], { batchRows: 1 });
    await scanUntil(scan, 2);
    const folder = join(scan.stateDirectory, 'command');
    const read = () =>
      readdirSync(folder)
        .map((each) => readFileSync(join(folder, each), 'latin1'))
        .join();
    expect(read()).not.toContain('QQ123456C');
    await only(scan);
    expect(read()).not.toContain('QQ123456C');
    expect(readdirSync(folder).every((each) => each.endsWith('.json'))).toBe(true);
  });
});

describe('a state folder that cannot be used is told from a database that cannot be reached', () => {
  test('by hand and in the exporter, and the column comes back with the folder', async () => {
    const name = await table('folderless', [kingston()]);
    const file = join(mkdtempSync(join(tmpdir(), 'kop-scan-')), 'file');
    writeFileSync(file, '');
    const scan = scanOf(url, [column(name, json)], { stateDirectory: join(file, 'state') });
    const [outcome] = await scanNow(scan);
    const reason = 'a part of the path is a file (ENOTDIR)';
    expect(outcome?.problem).toBe(
      `the progress of the scan cannot be kept in ${join(file, 'state', 'command')}: ${reason}`,
    );

    const stopping = new AbortController();
    const keeper = new StateKeeper({ directory: file, from: 'default' }, silentLogger);
    const folder = keeper.folder('encryption', join(file, 'state'));
    await folder.use();
    const watch = new ScanWatch({
      encryption: encryptionOf(scan),
      scan: { ...scan, intervalMs: 300 },
      folder,
      log: silentLogger,
      redactor: new Redactor(),
    });
    const running = watch.run(stopping.signal);
    onTestFinished(async () => {
      stopping.abort();
      await running;
      await keeper.close();
    });
    const state = () => watch.states()[0];
    await vi.waitFor(() => expect(state()?.isUp).toBe(false), 10_000);
    expect(state()).toMatchObject({
      problem: `the state cannot be kept in ${join(file, 'state')} (from the configuration): ${reason}; name another with --state-directory or KOP_STATE_DIRECTORY`,
      whole: undefined,
    });
    rmSync(file);
    await vi.waitFor(() => expect(state()).toMatchObject({ isUp: true, whole: { tally: { rows: 1 } } }), 10_000);
  });

  test('also where the system names no path', async () => {
    await expect(Spool.open(looseFolder('/dev'), '/dev/full', 0)).rejects.toMatchObject({
      kind: 'state',
      message: 'the progress of the scan cannot be kept in /dev: EINVAL',
    });
  });
});

test('the rate is kept', async () => {
  const name = await table(
    'paced',
    Array.from({ length: 300 }, () => kingston()),
  );
  const startedAt = performance.now();
  await only(scanOf(url, [column(name, json)], { rowsPerSecond: 200, batchRows: 50 }));
  const seconds = (performance.now() - startedAt) / 1000;
  // The last batch is not waited for.
  expect(seconds).toBeGreaterThan(1.2);
});

describe('what cannot be read is said without a value', () => {
  test.each([
    ['a table that is not there', 'public.nowhere', {}, /table does not exist/],
    ['a column that is not there', 'public.refused', { column: 'other' }, /no column other/],
    ['a key without an index', 'public.refused', { primaryKey: 'value' }, /cannot lead through the table/],
    ['a path into a number', 'public.refused', { column: 'amount', path: ['a'] }, /needs a jsonb column/],
  ])('%s', async (_, name, rest, reason) => {
    await run(url, 'create table if not exists public.refused (id int primary key, value jsonb, amount int)');
    const [outcome] = await scanNow(scanOf(url, [column(name, json, rest)]));
    expect(outcome?.problem).toMatch(reason);
  });

  test('a column that the role may not read', async () => {
    await run(url, 'create table public.secret (id int primary key, value jsonb)');
    const [outcome] = await scanNow(scanOf(server.url, [column('public.secret', json)]));
    expect(outcome?.problem).toMatch(/may not read/);
  });

  test('a server that is not there', async () => {
    const [outcome] = await scanNow({
      ...scanOf(url, [column('public.refused', json)]),
      database: access('postgres://nobody:hunter2@127.0.0.1:1/none'),
    });
    expect(outcome?.problem).toBe('the database cannot be reached (ECONNREFUSED)');
  });

  test('a table that is locked', async () => {
    await run(url, 'create table public.locked (id int primary key, value jsonb)');
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query('begin; lock table public.locked in access exclusive mode');
    const [outcome] = await scanNow(scanOf(url, [column('public.locked', json)]));
    await holder.end();
    expect(outcome?.problem).toMatch(/was locked for longer/);
  });
});

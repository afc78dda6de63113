/** `kop encryption scan` as a program: what it prints, how it exits, and what a kill leaves behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ENCRYPTION } from '../../../exporters/encryption/source.js';
import { announce } from '../../../exporters/runtime/state/running.js';
import { kingston } from '../../support/encryption/ciphertexts.js';
import { KopScan } from '../../support/encryption/kop-scan.js';
import { run } from '../../support/encryption/scanning.js';
import { type BorrowedServer, borrowPostgres } from '../../support/postgres/borrowed.js';
import { eventually } from '../../support/stack/eventually.js';
import { stateIn } from '../../support/state.js';

const SECRET = 'QQ123456C';
const ROWS = 1500;
const NONCE = Buffer.alloc(12, 9);

let server: BorrowedServer;

beforeAll(async () => {
  server = await borrowPostgres();
  const clean = Array.from({ length: ROWS }, () => kingston());
  await fill('clean', clean);
  // At both ends of the table: only who remembers the beginning finds it at the end.
  await fill('reused', [kingston('a', 'v1', NONCE), ...clean.slice(2), kingston('b', 'v1', NONCE)]);
  await fill('leaking', [...clean.slice(0, 20), SECRET, { ...kingston(), key_version: SECRET }]);
  const broken = { ...kingston(), ciphertext: '!' };
  await fill('sprinkled', [
    ...clean.slice(0, 250),
    SECRET,
    ...clean.slice(0, 99),
    SECRET,
    broken,
    ...clean.slice(0, 148),
  ]);
}, 90_000);

afterAll(() => server?.close());

async function fill(name: string, values: readonly unknown[]): Promise<void> {
  await run(server.adminUrl, `create table public.${name} (id int primary key, value jsonb)`);
  await run(
    server.adminUrl,
    `insert into public.${name} select o, v from jsonb_array_elements($1::jsonb) with ordinality as r (v, o)`,
    [JSON.stringify(values)],
  );
}

const column = (table: string) => ({ table, column: 'value', primaryKey: 'id', format: 'kingston-jsonb' });
const scanOf = (...tables: readonly string[]) => ({
  batchRows: 100,
  columns: tables.map((table) => ({ ...column(`public.${table}`), sensitivity: 'restricted' })),
});

const printed = z.object({
  columns: z.array(
    z.looseObject({
      table: z.string(),
      rows: z.number().optional(),
      states: z.record(z.string(), z.number()).optional(),
      nonceReuseRows: z.number().optional(),
      problem: z.string().optional(),
      stopped: z.boolean().optional(),
    }),
  ),
});
const only = (stdout: string) => printed.parse(JSON.parse(stdout)).columns[0];

test('nothing but ciphertext exits 0, with a table for people', async () => {
  const { code, stdout, stderr } = await new KopScan(server.adminUrl, scanOf('clean')).run();
  expect(stdout.split('\n')[0]?.split(/ {2,}/)).toEqual([
    'column',
    'rows',
    'encrypted',
    'plain text?',
    'malformed',
    'encoded twice',
    'unknown version',
    'revoked',
    'null',
    'nonce reuse',
  ]);
  expect(stdout).toMatch(/^public\.clean\.value +1500 +1500( +0){7}$/m);
  expect(stdout).toContain('key versions v3 1500');
  expect(stderr).toContain('public.clean.value: 0 %');
  expect(code).toBe(0);
});

test('something else exits 1, with JSON for programs, and shows no value on any outlet', async () => {
  const scan = new KopScan(server.adminUrl, scanOf('leaking', 'clean'));
  const { code, stdout, stderr } = await scan.run(['public.leaking', '--json']);
  expect(only(stdout)).toMatchObject({
    table: 'public.leaking',
    rows: 22,
    states: { encrypted: 20, plaintext_suspect: 1, unknown_version: 1 },
  });
  const state = join(scan.folder, 'state', 'command');
  const files = readdirSync(state).map((file) => readFileSync(join(state, file), 'latin1'));
  expect([stdout, stderr, ...files].join('\n')).not.toContain(SECRET);
  expect(code).toBe(1);
});

test('where the wrong rows are is said in ranges of the primary key', async () => {
  const scan = new KopScan(server.adminUrl, scanOf('sprinkled'));
  const { stdout, code } = await scan.run(['--json']);
  // The first two batches that hold some are neighbours.
  expect(only(stdout)).toMatchObject({
    primaryKey: 'id',
    findings: [
      { state: 'plaintext_suspect', after: '200', upTo: '400', rows: 2 },
      { state: 'malformed', after: '300', upTo: '400', rows: 1 },
    ],
  });
  expect(code).toBe(1);
  const people = await scan.run();
  expect(people.stdout).toContain('public.sprinkled.value: plain text? 2 with id after 200 up to 400');
  expect(people.stdout).toContain('public.sprinkled.value: malformed 1 with id after 300 up to 400');
});

test.each([
  ['a table that nobody described', ['public.cleen'], "Did you mean 'public.clean'?"],
  ['a rate that is none', ['--rows-per-second', 'many'], 'whole number'],
])('%s exits 2', async (_, args, reason) => {
  const { code, stdout, stderr } = await new KopScan(server.adminUrl, scanOf('clean')).run(args);
  expect(stderr).toContain(reason);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('a table that is not there exits 2, and the others are looked at', async () => {
  const { code, stdout } = await new KopScan(server.adminUrl, scanOf('nowhere', 'clean')).run();
  expect(stdout).toContain('public.nowhere.value: could not be looked at: the table does not exist');
  expect(stdout).toMatch(/public\.clean\.value +1500 +1500/);
  expect(code).toBe(2);
});

test('a database that refuses says so without its password', async () => {
  const url = new URL(server.adminUrl);
  url.password = 'hunter2-is-wrong';
  const { code, stdout, stderr } = await new KopScan(url.href, scanOf('clean')).run();
  expect(stdout).toContain('the database refused the role or its password');
  expect(stdout + stderr).not.toContain('hunter2');
  expect(code).toBe(2);
});

test('progress is kept where the flag says, else with the exporter that runs here, else where it is described', async () => {
  const scan = new KopScan(server.adminUrl, scanOf('clean'));
  const runtime = join(scan.folder, 'runtime');
  const env = { XDG_RUNTIME_DIR: runtime };
  const [flag, running] = [join(scan.folder, 'flag'), join(scan.folder, 'running')];
  const looked = async (...args: readonly string[]) => (await scan.run(args, env)).stderr;
  const line = (place: string, holder = 'No exporter holds it now') =>
    `The progress of this command is kept in ${place}. ${holder}.\n`;

  expect(await looked()).toContain(line(`${join(scan.folder, 'state')} (from the configuration)`));
  expect(readdirSync(join(scan.folder, 'state', 'command'))).toHaveLength(1);

  // As an exporter of this description that was started with a flag.
  const state = stateIn(running);
  await state.folder(ENCRYPTION, join(scan.folder, 'state')).use();
  const announced = await announce(
    {
      stateDirectory: running,
      stateFrom: '--state-directory',
      exporters: [ENCRYPTION],
      configFiles: scan.files.map((file) => resolve(file)),
      address: '127.0.0.1:1',
    },
    env,
  );
  try {
    const holder = `The exporter that holds it (process ${process.pid} on ${hostname()}) keeps its own progress`;
    const place = `${running} (of the exporter that runs here, process ${process.pid})`;
    expect(await looked()).toContain(line(place, holder));
    expect(readdirSync(join(running, ENCRYPTION, 'command'))).toHaveLength(1);
    expect(await looked('--state-directory', flag)).toContain(line(`${flag} (from --state-directory)`));
    expect(readdirSync(join(flag, ENCRYPTION, 'command'))).toHaveLength(1);
  } finally {
    await announced.withdraw();
    await state.close();
  }
});

test.each([
  ['Ctrl-C', 'SIGINT'],
  ['a kill', 'SIGKILL'],
] as const)(
  'after %s the same command goes on, counts each row once, and finds what spans the break',
  async (_, signal) => {
    const scan = new KopScan(server.adminUrl, scanOf('reused'));
    const first = scan.start(['--rows-per-second', '200', '--json']);
    const state = join(scan.folder, 'state', 'command');
    // Where it stands is written every two seconds, beside its file first.
    await eventually('a checkpoint', 20_000, async () =>
      readdirSync(state).some(
        (file) => file.endsWith('.json') && /"position":"\d/.test(readFileSync(join(state, file), 'utf8')),
      ),
    );
    first.child.kill(signal);
    const broken = await first.ended;
    if (signal === 'SIGINT') {
      expect(only(broken.stdout)).toMatchObject({ stopped: true });
      expect(broken.code).toBe(2);
    } else {
      expect(broken.signal).toBe('SIGKILL');
    }
    const { code, stdout, stderr } = await scan.run(['--json']);
    expect(Number(/going on after (\d+) rows/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(100);
    expect(only(stdout)).toMatchObject({ rows: ROWS, states: { encrypted: ROWS }, nonceReuseRows: 2 });
    expect(code).toBe(1);
    // Hashes of a scan that was killed do not stay.
    expect(readdirSync(state).filter((file) => file.endsWith('.hashes'))).toEqual([]);
  },
  60_000,
);

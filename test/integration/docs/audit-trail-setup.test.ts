import { execFile, spawn } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../demo/postgres/index.js';
import { packageRoot } from '../../../pack/index.js';

const run = promisify(execFile);
const kop = join(packageRoot(), 'dist', 'cli', 'kop.js');

let server: PostgresServer;
let folder: string;
/** Commands of the page by their section, each section's in order. */
let sections: ReadonlyMap<string, readonly { readonly language: string; readonly text: string }[]>;

beforeAll(async () => {
  server = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'kop-setup-'));
  const page = await readFile(join(packageRoot(), 'docs', 'audit-trail-setup.md'), 'utf8');
  sections = new Map(
    page
      .split(/^## /m)
      .map((section) => [
        section.slice(0, section.indexOf('\n')),
        [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text })),
      ]),
  );
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function commandsOf(section: string): readonly string[] {
  return (sections.get(section) ?? []).filter(({ language }) => language === 'sh').map(({ text }) => text);
}

const environment = () => ({
  ...process.env,
  ADMIN_URL: server.adminUrl,
  PORTAL_DB_HOST: `127.0.0.1:${server.port}`,
});

/** In a shell, as somebody types it; the program is the one that was built here. */
async function type(command: string): Promise<string> {
  const text = command.replaceAll('npx kop', `${JSON.stringify(process.execPath)} ${JSON.stringify(kop)}`);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: folder, env: environment() });
  return stdout;
}

async function ask(sql: string, url = server.adminUrl): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('the page leads from a database without a trail to one whose tables are proven', async () => {
  await ask(`create table client_groups (id int primary key, name text); create table portfolios (id int primary key, fee numeric);
    insert into client_groups select i, 'g' || i from generate_series(1, 20) i; insert into portfolios values (1, 2.5)`);

  for (const command of commandsOf('1. Settings of the server')) await type(command);
  await server.stop('fast');
  await server.start();
  expect(
    await ask(`select name, setting from pg_settings where name in ('track_functions', 'wal_level') order by 1`),
  ).toEqual([
    { name: 'track_functions', setting: 'pl' },
    { name: 'wal_level', setting: 'logical' },
  ]);

  for (const command of commandsOf('2. The trail')) await type(command);
  expect(await ask(`select op, count(*)::int as n from audit.log group by 1`)).toEqual([{ op: 'SNAPSHOT', n: 21 }]);

  for (const command of commandsOf('3. Roles that log in')) await type(command);
  const observer = new URL(server.adminUrl);
  Object.assign(observer, { username: 'kop_observer', password: 'observer-password' });
  for (const change of [
    'insert into audit.log (op) values (1)',
    'create temporary table t (i int)',
    'select lo_create(0)',
  ]) {
    await expect(ask(`set transaction_read_only = off; ${change}`, observer.href)).rejects.toThrow(/permission denied/);
  }

  // The lines of pg_hba.conf: this server speaks no TLS, so they are read, and then taken away.
  const hba = join(server.dataDir, 'pg_hba.conf');
  const before = await readFile(hba, 'utf8');
  const [lines] = (sections.get('4. Who may connect') ?? []).filter(({ language }) => language === 'text');
  await appendFile(hba, lines?.text ?? '');
  const said = await Promise.all(commandsOf('4. Who may connect').map(type));
  expect(
    said
      .join('')
      .match(/\| (?! *error).*$/gm)
      ?.map((line) => line.trim()) ?? [],
  ).toEqual(['| hostssl record cannot match because SSL is disabled']);
  await writeFile(hba, before);
  await ask('select pg_reload_conf()');

  for (const section of ["5. The witness's slot", '6. The key of the seal', '7. The description']) {
    for (const command of commandsOf(section)) await type(command);
  }

  const [start = '', ...checks] = commandsOf('8. Run it').flatMap((command) => command.trim().split('\n'));
  const [, ...args] = start.split(/ (?=exporters)/);
  // The same as the page has it, on a free port and with less patience.
  await writeFile(
    join(folder, 'faster.yaml'),
    'auditTrails: { kingston: { observe: { interval: 2s, confirmInterval: 4s } } }\n',
  );
  const exporter = spawn(
    process.execPath,
    [kop, ...(args[0]?.split(' ') ?? []), '--config.file', 'faster.yaml', '--web.listen-address', '127.0.0.1:0'],
    {
      cwd: folder,
      env: environment(),
      stdio: 'ignore',
    },
  );
  try {
    await ask(`update client_groups set name = 'changed' where id = 3`);
    expect(checks).toHaveLength(2);
    for (const check of checks)
      await expect
        .poll(() => type(check).catch(() => ''), { timeout: 90_000, interval: 1000 })
        .toMatch(/Proven +2 of 2|^Verified/m);
    const status = JSON.parse(await type(`${checks[0]} --json`));
    expect(JSON.stringify(status)).not.toMatch(/observer-password|witness-password/);
    const states = await type(`${checks[0]}`);
    // The witness says nothing before the first transactions that it counted.
    await expect.poll(() => type(`${checks[0]}`), { timeout: 90_000, interval: 1000 }).toMatch(/^ *witness +ok/m);
    expect(states).not.toMatch(/degraded/);
  } finally {
    exporter.kill();
    await new Promise((resolve) => exporter.once('exit', resolve));
  }
}, 180_000);

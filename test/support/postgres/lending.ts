import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startMajor, type TestServer } from './majors.js';

/**
 * PostgreSQL for tests that need no server of their own: one for each worker of Vitest, started when a test first asks for
 * it. They belong to the process of the run, because workers come and go, and end with it, however it ends.
 */
const servers = new Map<string, Promise<TestServer>>();
let desk: Server | undefined;
let folder = '';

/** What any test may need, so that one server serves all of them. */
const SETTINGS = {
  track_functions: 'pl',
  track_commit_timestamp: 'on',
  max_prepared_transactions: '20',
  max_replication_slots: '20',
  wal_level: 'logical',
  autovacuum: 'off',
  // A crash must not lose what was committed.
  synchronous_commit: 'on',
};

export async function setup(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'kop-lending-'));
  await chmod(folder, 0o700);
  const socket = join(folder, 'desk.sock');
  desk = createServer((request, response) => {
    const [, worker = '', major = ''] = (request.url ?? '').split('/');
    serverFor(worker, Number(major)).then(
      (server) => response.end(server.url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(socket);
  await once(desk, 'listening');
  process.env.KOP_TEST_LENDING_DESK = socket;
}

export async function teardown(): Promise<void> {
  desk?.close();
  await Promise.all([...servers.values()].map(async (starting) => (await starting).close()));
  await rm(folder, { recursive: true, force: true });
}

function serverFor(worker: string, major: number): Promise<TestServer> {
  const name = `${worker} ${major}`;
  const known = servers.get(name);
  if (known !== undefined) return known;
  const starting = start(major);
  servers.set(name, starting);
  return starting;
}

async function start(major: number): Promise<TestServer> {
  // A password that is drawn needs no stretching, and the tests connect thousands of times.
  const isCheap = major >= 16;
  const server = await startMajor(major, { ...SETTINGS, ...(isCheap ? { scram_iterations: '1' } : {}) });
  if (isCheap) {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(`alter role current_user password ${client.escapeLiteral(new URL(server.url).password)}`);
    await client.end();
  }
  return server;
}

import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { isAlive } from '../stack/processes.js';
import { giveBack, thingsOn } from './left.js';
import { startMajor, type TestServer } from './majors.js';

interface Lent {
  /** Process of the worker that has it. */
  worker: number;
  readonly major: number;
  readonly server: Promise<TestServer>;
  /** What was on it before it was lent. */
  readonly before: Promise<readonly pg.QueryResultRow[]>;
}

/**
 * PostgreSQL for tests that need no server of their own: one for each worker of Vitest, started when a test first asks for
 * it. They belong to the process of the run, because workers come and go, and end with it, however it ends. A server of a
 * worker that is gone is lent to the next one.
 */
const lent: Lent[] = [];
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
    serverFor(Number(worker), Number(major)).then(
      (server) => response.end(server.url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(socket);
  await once(desk, 'listening');
  process.env.KOP_TEST_LENDING_DESK = socket;
}

export async function teardown(): Promise<void> {
  desk?.close();
  await Promise.all(lent.map(async ({ server }) => (await server).close()));
  await rm(folder, { recursive: true, force: true });
}

async function serverFor(worker: number, major: number): Promise<TestServer> {
  const ofMajor = lent.filter((each) => each.major === major);
  const own = ofMajor.find((each) => each.worker === worker);
  if (own !== undefined) return own.server;
  const free = ofMajor.find((each) => !isAlive(each.worker));
  if (free === undefined) {
    const server = start(major);
    const before = server.then(({ url }) => thingsOn(url));
    lent.push({ worker, major, server, before });
    await before;
    return server;
  }
  free.worker = worker;
  const server = await free.server;
  // Of a file that was ended before it could give back what it made.
  await giveBack(server.url, await free.before);
  return server;
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

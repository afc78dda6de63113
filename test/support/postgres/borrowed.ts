import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { APP_ROLE, ask, giveBack, thingsOn, withDatabase } from './left.js';

export interface BorrowedServer {
  /** As superuser, on a database that nobody else uses. */
  readonly adminUrl: string;
  /** As `kingstons_app`, who owns that database and may do no more: what a portal uses. */
  readonly url: string;
  /** A new database, empty or a copy of another. */
  database(name: string, template?: string): Promise<string>;
  /** Drops the databases, roles and slots that were made since. */
  close(): Promise<void>;
}

const EMBEDDED = 17;

/**
 * The server of this worker, which outlives the test file. For tests that neither stop nor configure it; those start one
 * of their own with `startPostgres` or `startMajor`.
 */
export async function borrowPostgres(major = EMBEDDED): Promise<BorrowedServer> {
  const root = withDatabase(await ofThisWorker(major), 'postgres');
  const before = await thingsOn(root);
  const name = `test_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(18).toString('base64url');
  const known = before.some(({ kind, name: role }) => kind === 'role' && role === APP_ROLE);
  await ask(root, `${known ? 'alter' : 'create'} role ${APP_ROLE} login password '${password}'`);
  await ask(root, `create database ${name} owner ${APP_ROLE} strategy file_copy`);
  const adminUrl = withDatabase(root, name);
  const url = new URL(adminUrl);
  url.username = APP_ROLE;
  url.password = password;
  return {
    adminUrl,
    url: url.toString(),
    async database(own, template = 'template1') {
      const [to, from] = [own, template].map((each) => pg.escapeIdentifier(each));
      await ask(root, `create database ${to} template ${from} strategy file_copy`);
      return withDatabase(root, own);
    },
    close: () => giveBack(root, before),
  };
}

/** Asks the process of the run, which keeps a server for each worker. */
async function ofThisWorker(major: number): Promise<string> {
  const socketPath = process.env.KOP_TEST_LENDING_DESK;
  if (socketPath === undefined)
    throw new Error('no server is lent: vitest.config.ts names test/support/postgres/lending.ts');
  // Vitest's own number of a worker is not unique while workers are shared by files.
  const path = `/${process.pid}/${major}`;
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(answer));
      }, reject);
    })
      .once('error', reject)
      .end();
  });
}

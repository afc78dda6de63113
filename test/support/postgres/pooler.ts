import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { serverIdentity } from '../../../demo/postgres/identity.js';
import { freePort } from '../../../demo/postgres/ports.js';
import { serverFolders } from '../stack/needed-tools.mjs';

export interface Pooler {
  /** The same role and database, through the pooler. */
  urlOf(url: string): string;
  /** As its service does: everybody is cut off. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** PgBouncer in transaction mode with its own settings: two connections, so that a client soon gets another one. */
export async function startPooler(serverUrl: string, users: readonly string[]): Promise<Pooler> {
  const folder = await mkdtemp(join(tmpdir(), 'kop-pooler-'));
  await chmod(folder, 0o777);
  const port = await freePort();
  const server = new URL(serverUrl);
  const list = users.map((url) => new URL(url)).map(({ username, password }) => `"${username}" "${password}"\n`);
  await writeFile(join(folder, 'users.txt'), list.join(''));
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
server_round_robin = 1
default_pool_size = 4
logfile = ${join(folder, 'log')}
`,
  );
  const identity = serverIdentity();
  const start = async () => {
    const started = spawn(
      'pgbouncer',
      [...(identity === undefined ? [] : ['-u', identity.name]), join(folder, 'pgbouncer.ini')],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, PATH: [process.env.PATH ?? '', ...serverFolders].join(delimiter) },
      },
    );
    await listening(started);
    return started;
  };
  let child = await start();
  return {
    urlOf(url) {
      const own = new URL(url);
      own.port = String(port);
      return own.href;
    },
    async restart() {
      await end(child);
      child = await start();
    },
    async close() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes('process up')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`pgbouncer ended: ${said}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../demo/postgres/index.js';

const run = promisify(execFile);

export interface Standby {
  readonly server: PostgresServer;
  /** The same database, role and password as in `url`, on the standby. */
  urlOf(url: string): string;
  /** As superuser. @returns the first row. */
  ask(sql: string): Promise<Record<string, unknown> | undefined>;
  close(): Promise<void>;
}

/** A physical standby that follows the server from where it is now. The server is stopped for a moment. */
export async function standbyOf(
  server: Pick<PostgresServer, 'adminUrl' | 'dataDir' | 'stop' | 'start'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Standby> {
  const folder = await mkdtemp(join(tmpdir(), 'kop-standby-'));
  await run('chmod', ['755', folder]);
  const root = join(folder, 'standby');
  await server.stop('fast');
  await run('cp', ['-a', dirname(server.dataDir), root]);
  await writeFile(join(root, 'data', 'standby.signal'), '');
  await server.start();
  const { username, password, port } = new URL(server.adminUrl);
  const standby = await startPostgres({
    dataDir: root,
    settings: { primary_conninfo: `host=127.0.0.1 port=${port} user=${username} password=${password}`, ...settings },
  });
  return {
    server: standby,
    urlOf(url) {
      const own = new URL(url);
      own.port = String(standby.port);
      return own.href;
    },
    async ask(sql) {
      const client = new pg.Client({ connectionString: standby.adminUrl });
      await client.connect();
      try {
        const { rows } = await client.query<Record<string, unknown>>(sql);
        return rows[0];
      } finally {
        await client.end();
      }
    },
    async close() {
      await standby.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

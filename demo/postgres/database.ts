import pg from 'pg';
import { DemoPostgresError, messageOf } from './errors.js';
import { type PostgresOptions, type PostgresServer, startPostgres } from './server.js';

export interface DatabaseOptions extends PostgresOptions {
  /** A server that is already there; default is the environment's DATABASE_URL. */
  readonly databaseUrl?: string;
}

export interface DemoDatabase {
  readonly url: string;
  readonly adminUrl: string;
  /** Present when the server is ours to stop and start. */
  readonly server?: PostgresServer;
  close(): Promise<void>;
}

/** The database the demo runs on: the given one, or a server of our own. */
export async function demoDatabase(options: DatabaseOptions = {}): Promise<DemoDatabase> {
  const url = options.databaseUrl ?? process.env.DATABASE_URL;
  if (url === undefined || url === '') {
    const server = await startPostgres(options);
    return { url: server.url, adminUrl: server.adminUrl, server, close: () => server.close() };
  }
  await checkReachable(url);
  return { url, adminUrl: url, close: async () => undefined };
}

async function checkReachable(url: string): Promise<void> {
  try {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
  } catch (error) {
    throw new DemoPostgresError(
      'KOP_DEMO_DATABASE_UNREACHABLE',
      `The database at ${withoutPassword(url)} cannot be used: ${messageOf(error)}.`,
      'Correct DATABASE_URL (postgresql://user:password@host:port/database), or leave it out and a server is started.',
      { cause: error },
    );
  }
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return 'the given address (it is not a URL)';
  }
}

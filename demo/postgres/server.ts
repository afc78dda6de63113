import { rm } from 'node:fs/promises';
import pg from 'pg';
import { findBinaries } from './binaries.js';
import { type ClusterFiles, type ClusterSecrets, claimClusterFolder, initialise } from './cluster.js';
import { DemoPostgresError } from './errors.js';
import { serverIdentity } from './identity.js';
import { freePort } from './ports.js';
import { type LaunchOptions, launch, type ServerProcess, type StopMode } from './process.js';
import { watchOver } from './watchdog.js';

export interface PostgresOptions {
  /** Where the cluster lives and stays; without it a temporary folder that close() removes. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Server settings on top of ours, for example `{ wal_level: 'logical' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: (message: string) => void;
}

export interface PostgresServer {
  /** As `kingstons_app`, owner of database `kingstons_portal`: what the portal uses. */
  readonly url: string;
  /** As superuser, same database. */
  readonly adminUrl: string;
  readonly port: number;
  readonly dataDir: string;
  /** `fast` ends sessions and shuts down cleanly; `immediate` drops everything and recovers at the next start. */
  stop(mode?: StopMode): Promise<void>;
  /** Starts again after stop() or kill(): same port, same data, same passwords. */
  start(): Promise<void>;
  /** kill -9 on the server: what a crash looks like to its clients. */
  kill(): Promise<void>;
  /** Stops for good and removes the temporary folder. */
  close(): Promise<void>;
}

const DATABASE = 'kingstons_portal';
const APP_ROLE = 'kingstons_app';
const PORT_ATTEMPTS = 5;

/** A real PostgreSQL server on 127.0.0.1 that never outlives this process. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const log = options.log ?? (() => undefined);
  const identity = serverIdentity();
  const binaries = await findBinaries(identity);
  const files = await claimClusterFolder(options.dataDir, identity);
  const watchdog = watchOver(files.root, files.isTemporary, identity);
  const discard = async () => {
    watchdog.dismiss();
    await removeTemporary(files);
  };
  try {
    const secrets = await initialise(files, binaries, identity);
    const base = { binaries, files, identity, settings: options.settings ?? {} };
    const { process: first, launchOptions } = await launchOnFreePort(base, secrets, options.port);
    let server = first;
    const adminDatabaseUrl = urlOf('postgres', secrets.admin, launchOptions.port, 'postgres');
    await createAppDatabase(adminDatabaseUrl, secrets);
    log(
      `PostgreSQL on 127.0.0.1:${launchOptions.port}, data in ${files.data}${identity ? `, as ${identity.name}` : ''}`,
    );
    return {
      url: urlOf(APP_ROLE, secrets.app, launchOptions.port, DATABASE),
      adminUrl: urlOf('postgres', secrets.admin, launchOptions.port, DATABASE),
      port: launchOptions.port,
      dataDir: files.data,
      stop: (mode = 'fast') => server.stop(mode),
      async start() {
        if (!server.isRunning()) {
          server = await launch(launchOptions);
        }
      },
      kill: () => server.kill(),
      async close() {
        // Nobody reads a temporary cluster again, so there is nothing to write out.
        await server.stop(files.isTemporary ? 'immediate' : 'fast');
        await discard();
      },
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

type LaunchBase = Omit<LaunchOptions, 'port' | 'adminUrl'>;

async function launchOnFreePort(
  base: LaunchBase,
  secrets: ClusterSecrets,
  wanted: number | undefined,
): Promise<{ process: ServerProcess; launchOptions: LaunchOptions }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const launchOptions = { ...base, port, adminUrl: urlOf('postgres', secrets.admin, port, 'postgres') };
    try {
      return { process: await launch(launchOptions), launchOptions };
    } catch (error) {
      // Between finding a free port and binding it, another program may have taken it.
      const isTaken = error instanceof DemoPostgresError && error.code === 'KOP_DEMO_PORT_IN_USE';
      if (!isTaken || wanted !== undefined || attempt === PORT_ATTEMPTS) {
        throw error;
      }
    }
  }
}

async function createAppDatabase(adminUrl: string, secrets: ClusterSecrets): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const known = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (known.rowCount === 0) {
      await client.query(`create role ${APP_ROLE} login password ${client.escapeLiteral(secrets.app)}`);
      await client.query(`create database ${DATABASE} owner ${APP_ROLE} strategy file_copy`);
    }
  } finally {
    await client.end();
  }
}

function urlOf(user: string, password: string, port: number, database: string): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
}

async function removeTemporary(files: ClusterFiles): Promise<void> {
  if (files.isTemporary) {
    await rm(files.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

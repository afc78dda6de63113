import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from './moto.js';

const candidates = [
  process.env.SOFTHSM2_LIB,
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** Debian's package `softhsm2`; undefined also where the optional package is missing by which we reach it. */
export const softHsmLibrary: string | undefined = isInstalled('pkcs11js')
  ? candidates.find((path) => path !== undefined && existsSync(path))
  : undefined;

export interface SoftToken {
  readonly library: string;
  readonly label: string;
  readonly pin: string;
}

/**
 * A token of its own, in a folder of its own. The library reads its configuration when it is first used in a process,
 * so all tokens of one test file share a folder.
 */
export function softToken(label: string, pin = '4711-canary-pin'): SoftToken {
  if (softHsmLibrary === undefined) throw new Error('SoftHSM2 is not installed: apt-get install softhsm2');
  if (process.env.SOFTHSM2_CONF?.includes('kop-softhsm-') !== true) {
    const folder = mkdtempSync(join(tmpdir(), 'kop-softhsm-'));
    mkdirSync(join(folder, 'tokens'));
    const config = join(folder, 'softhsm2.conf');
    writeFileSync(
      config,
      `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    );
    process.env.SOFTHSM2_CONF = config;
  }
  execFileSync('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', '12345678', '--pin', pin], {
    stdio: 'ignore',
  });
  return { library: softHsmLibrary, label, pin };
}

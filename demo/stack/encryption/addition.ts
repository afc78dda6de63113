import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { encryptionOverlay } from '../../portal/encryption/overlay.js';
import type { DemoDatabase } from '../../postgres/index.js';
import type { Addition, MakeAddition } from '../addition.js';
import { preparedDatabase } from './database.js';
import { softToken } from './soft-token.js';
import { pgcryptoTool, softHsmTool } from './tools.js';

export interface EncryptionAdditionOptions {
  readonly database: DemoDatabase;
  /** Time between two scans of a column. */
  readonly scanSeconds?: number;
}

const DATABASE_ENV = 'KOP_DEMO_SCAN_DATABASE_URL';
const CANARY_ENV = 'KOP_DEMO_CANARY_DATABASE_URL';
const PASSPHRASE_ENV = 'KOP_DEMO_CANARY_PASSPHRASE';
const PIN_ENV = 'KOP_DEMO_TOKEN_PIN';

/**
 * Field encryption as the demo has it: the portal's encrypted columns, keys and record, and as many kinds of providers
 * as this machine can give.
 */
export function encryptionAddition(options: EncryptionAdditionOptions): MakeAddition {
  return ({ folder }) => make(options, folder);
}

async function make({ database, scanSeconds }: EncryptionAdditionOptions, folder: string): Promise<Addition> {
  const own = join(folder, 'encryption');
  await mkdir(own, { recursive: true });
  // Neither needs the other, and the reader waits for both.
  const [prepared, token] = await Promise.all([preparedDatabase(database), softToken(own)]);
  const overlay = encryptionOverlay({
    databaseUrlEnv: DATABASE_ENV,
    ...(scanSeconds === undefined ? {} : { scanSeconds }),
    providers: {
      ...(prepared.canary === undefined ? {} : { pgcrypto: pgcryptoProvider }),
      ...(token === undefined
        ? {}
        : { softhsm: { ...tokenProvider, library: token.library, tokenLabel: token.label } }),
    },
  });
  return {
    name: 'encryption',
    text: `# The encrypted fields of the demo portal; written by kop demo, merged over pack.yaml.\n${stringify(overlay)}`,
    secrets: {
      [DATABASE_ENV]: prepared.scanUrl,
      ...(prepared.canary === undefined
        ? {}
        : { [CANARY_ENV]: prepared.canary.url, [PASSPHRASE_ENV]: prepared.canary.passphrase }),
      ...(token === undefined ? {} : { [PIN_ENV]: token.pin }),
    },
    env: token === undefined ? {} : { SOFTHSM2_CONF: token.config },
    missing: [...(prepared.canary === undefined ? [pgcryptoTool] : []), ...(token === undefined ? [softHsmTool] : [])],
  };
}

const pgcryptoProvider = {
  kind: 'pgcrypto',
  database: { url: `\${env:${CANARY_ENV}}` },
  passphrase: `\${env:${PASSPHRASE_ENV}}`,
};

const tokenProvider = { kind: 'pkcs11', pin: `\${env:${PIN_ENV}}`, createKeys: true };

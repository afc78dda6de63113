import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Pkcs11 from 'pkcs11js';
import { softToken } from '../../demo/stack/encryption/soft-token.js';
import { Pkcs11Cipher } from '../../exporters/encryption/providers/pkcs11.js';
import { SecretText } from '../../pack/index.js';
import type { Figure } from '../support/report.js';
import { perSecond, rates } from './rate.js';

const SIZES = [16, 256, 4096];
const ALLOWED_SHARE_OF_BARE = 0.8;

export async function token(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kop-bench-token-'));
  try {
    const made = await softToken(folder);
    if (made === undefined) {
      console.log('\n  SoftHSM or pkcs11js is missing: apt-get install softhsm2');
      return [];
    }
    process.env.SOFTHSM2_CONF = made.config;
    const provider = new Pkcs11Cipher(
      {
        name: 'softhsm',
        kind: 'pkcs11',
        library: made.library,
        tokenLabel: made.label,
        pin: SecretText.literal(made.pin),
        keyLabel: 'kop-canary',
        createKeys: true,
      },
      (secret) => secret.reveal(),
    );
    await provider.open();
    const bare = await bareLoop(made);
    const signal = new AbortController().signal;
    const context = Buffer.from('kop_canary|value|row-1');
    const figures = SIZES.map((size) => {
      const plaintext = randomBytes(size);
      const found = rates({
        ours: () => void provider.encrypt(plaintext, context, { signal }),
        bare: () => bare(plaintext, context),
      });
      return {
        what: `encrypt ${size} B`,
        ours: perSecond(found.ours),
        peer: `${perSecond(found.bare)} bare pkcs11js`,
        limit: `>= ${ALLOWED_SHARE_OF_BARE} of bare; is ${found.share.toFixed(2)}`,
        holds: found.share >= ALLOWED_SHARE_OF_BARE,
      };
    });
    await provider.close();
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The two calls that an encryption is, with everything else done before. */
async function bareLoop({ library, label, pin }: { library: string; label: string; pin: string }) {
  const loaded: typeof Pkcs11 & { readonly default?: typeof Pkcs11 } = await import('pkcs11js');
  const c = loaded.default ?? loaded;
  const module = new c.PKCS11();
  module.load(library);
  // The provider has initialised the library for the whole process, and logged in.
  const slot = module.C_GetSlotList(true).find((one) => module.C_GetTokenInfo(one).label.trim() === label);
  if (slot === undefined) throw new Error('the token is gone');
  const session = module.C_OpenSession(slot, c.CKF_SERIAL_SESSION | c.CKF_RW_SESSION);
  try {
    module.C_Login(session, c.CKU_USER, pin);
  } catch {
    // As it should be.
  }
  module.C_FindObjectsInit(session, [{ type: c.CKA_LABEL, value: 'kop-canary' }]);
  const key = module.C_FindObjects(session);
  module.C_FindObjectsFinal(session);
  if (key === null || key === undefined) throw new Error('the token has no canary key');
  const iv = Buffer.alloc(12);
  return (plaintext: Buffer, aad: Buffer) => {
    const parameter = { type: c.CK_PARAMS_AES_GCM, iv: randomFillSync(iv), aad, ivBits: 96, tagBits: 128 };
    module.C_EncryptInit(session, { mechanism: c.CKM_AES_GCM, parameter }, key);
    module.C_Encrypt(session, plaintext, Buffer.allocUnsafe(plaintext.length + 16));
  };
}

import { execFileSync } from 'node:child_process';
import { createCipheriv, createSecretKey, randomBytes, randomFillSync } from 'node:crypto';
import { LocalCipher } from '../../exporters/encryption/providers/local.js';
import type { Figure } from '../support/report.js';
import { perSecond, rates } from './rate.js';

const SIZES = [16, 256, 4096, 65_536];
/** A bare loop over node:crypto, the closest to OpenSSL in this runtime. */
const ALLOWED_SHARE_OF_BARE = 0.8;

export async function cipher(): Promise<readonly Figure[]> {
  const provider = new LocalCipher();
  await provider.open();
  const signal = new AbortController().signal;
  const context = Buffer.from('kop_canary|value|row-1');
  const key = createSecretKey(randomBytes(32));
  const figures = SIZES.map((size) => {
    const plaintext = randomBytes(size);
    const found = rates({
      ours: () => provider.encrypt(plaintext, context, { signal }),
      bare() {
        const nonce = randomFillSync(Buffer.allocUnsafe(12));
        const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
        cipher.setAAD(context);
        const body = cipher.update(plaintext);
        cipher.final();
        return { nonce, body, tag: cipher.getAuthTag() };
      },
    });
    const limit = opensslRate(size);
    return {
      what: `encrypt ${size} B`,
      ours: perSecond(found.ours),
      peer: `${perSecond(found.bare)} bare node:crypto; ${limit === undefined ? 'no openssl here' : `${perSecond(limit)} openssl, of which ours is ${(found.ours / limit).toFixed(2)}`}`,
      limit: `>= ${ALLOWED_SHARE_OF_BARE} of bare; is ${found.share.toFixed(2)}`,
      holds: found.share >= ALLOWED_SHARE_OF_BARE,
    };
  });
  await provider.close();
  return figures;
}

/** One core, in C, a new nonce and a tag each time: nothing on this machine is faster. */
function opensslRate(bytes: number): number | undefined {
  try {
    const args = ['speed', '-seconds', '1', '-aead', '-evp', 'aes-256-gcm', '-bytes', String(bytes), '-mr'];
    const told = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const bytesPerSecond = Number(/^\+F:[^:]*:[^:]*:([\d.]+)$/m.exec(told)?.[1]);
    return Number.isFinite(bytesPerSecond) ? bytesPerSecond / bytes : undefined;
  } catch {
    return undefined;
  }
}

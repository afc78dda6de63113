import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

/** Real ciphertexts, and what resembles them, for tests of what a scanner takes them for. */

export interface KingstonField {
  readonly algorithm: string;
  readonly ciphertext: string;
  readonly nonce: string;
  readonly key_version: string;
}

export function kingston(plaintext = 'QQ123456C', version = 'v3', nonce = randomBytes(12)): KingstonField {
  const cipher = createCipheriv('aes-256-gcm', randomBytes(32), nonce);
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: 'AES-256-GCM',
    ciphertext: body.toString('base64'),
    nonce: nonce.toString('base64'),
    key_version: version,
  };
}

export function transit(version = 3, bytes = 12 + 9 + 16): string {
  return `vault:v${version}:${randomBytes(bytes).toString('base64')}`;
}

export function fernet(plaintext = 'QQ123456C'): string {
  const head = Buffer.alloc(9);
  head[0] = 0x80;
  head.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)), 1);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', randomBytes(16), iv);
  const signed = Buffer.concat([head, iv, cipher.update(plaintext, 'utf8'), cipher.final()]);
  const token = Buffer.concat([signed, createHmac('sha256', randomBytes(16)).update(signed).digest()]);
  // Python's library keeps the padding.
  return token.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

const ciphersweetLayouts = { nacl: [24, 16], brng: [24, 32], fips: [48, 48] } as const;

/** As CipherSweet's backends lay a ciphertext out: nonce (with a salt before it in FIPS), then MAC and ciphertext. */
export function ciphersweet(backend: 'nacl' | 'brng' | 'fips', plaintextBytes = 9, nonce?: Buffer): string {
  const [nonceBytes, macBytes] = ciphersweetLayouts[backend];
  const bytes = Buffer.concat([nonce ?? randomBytes(nonceBytes), randomBytes(macBytes + plaintextBytes)]);
  return `${backend}:${bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
}

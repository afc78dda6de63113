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

export function ciphersweet(backend: 'nacl' | 'brng' | 'fips', plaintextBytes = 9): string {
  const head = backend === 'fips' ? 48 + 32 + 16 : 24 + 16;
  return `${backend}:${randomBytes(head + plaintextBytes)
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('/', '_')}`;
}

/** A message of the AWS Encryption SDK as its format describes it, with one data key. */
export function awsEsdk(version: 1 | 2 = 2): Buffer {
  const aad = Buffer.concat([short(1), text('purpose'), text('canary')]);
  const key = Buffer.concat([text('aws-kms'), text('arn:aws:kms:eu-west-2:1:key/x'), text(randomBytes(184))]);
  const framed = Buffer.from([2]);
  const body = Buffer.concat([randomBytes(4), randomBytes(12), randomBytes(9), randomBytes(16)]);
  if (version === 2) {
    const head = [Buffer.from([2, 0x05, 0x78]), randomBytes(32), text(aad), short(1), key, framed];
    return Buffer.concat([...head, Buffer.from([0, 0, 16, 0]), randomBytes(32), randomBytes(16), body]);
  }
  const head = [Buffer.from([1, 0x80, 0x03, 0x78]), randomBytes(16), text(aad), short(1), key, framed];
  return Buffer.concat([
    ...head,
    Buffer.alloc(4),
    Buffer.from([12, 0, 0, 16, 0]),
    randomBytes(12),
    randomBytes(16),
    body,
  ]);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([short(bytes.length), bytes]);
}

import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';
import { z } from 'zod';
import { ProviderFailure } from './failure.js';
import type { Anatomy } from './provider.js';

const ALGORITHM = 'aes-256-gcm';
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** A ciphertext of AES-256-GCM in its parts. */
export interface AeadSealed {
  readonly keyVersion: string;
  readonly nonce: Buffer;
  readonly body: Buffer;
  readonly tag: Buffer;
}

export const aeadAnatomy: Anatomy<AeadSealed> = {
  dissect: (sealed) => sealed,
  assemble: ({ keyVersion, nonce, body, tag }, like) => ({
    keyVersion: keyVersion ?? like.keyVersion,
    nonce: nonce ?? like.nonce,
    body,
    tag: tag ?? like.tag,
  }),
};

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const written = z.object({ keyVersion: z.string(), nonce: bytes, body: bytes, tag: bytes });

export function writeAead({ keyVersion, nonce, body, tag }: AeadSealed): string {
  const [iv, text, mac] = [nonce, body, tag].map((part) => part.toString('base64'));
  return JSON.stringify({ keyVersion, nonce: iv, body: text, tag: mac });
}

/** @returns undefined when it was not written by {@link writeAead}. */
export function readAead(text: string): AeadSealed | undefined {
  return written.safeParse(parsedJson(text)).data;
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** With a random 96-bit nonce: at most 2^32 encryptions with one key (NIST SP 800-38D). */
export function sealAead(key: KeyObject, keyVersion: string, plaintext: Buffer, context: Buffer): AeadSealed {
  // `randomBytes` makes memory of its own for these few bytes, which costs as much as half of the encryption.
  const nonce = randomFillSync(Buffer.allocUnsafe(NONCE_BYTES));
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  const body = cipher.update(plaintext);
  // GCM is a stream mode: `final` adds no bytes, but must be called for the tag.
  cipher.final();
  return { keyVersion, nonce, body, tag: cipher.getAuthTag() };
}

/** @throws {ProviderFailure} `integrity` */
export function unseal(key: KeyObject, { nonce, body, tag }: AeadSealed, context: Buffer): Buffer {
  let plaintext: Buffer | undefined;
  try {
    // The length must be given; otherwise a tag truncated to four bytes would be accepted, which 2^32 attempts can
    // guess.
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(context);
    decipher.setAuthTag(tag);
    plaintext = decipher.update(body);
    decipher.final();
    return plaintext;
  } catch {
    // Plaintext from before the tag check must neither be used nor stay in memory.
    plaintext?.fill(0);
    throw new ProviderFailure('integrity', 'the ciphertext, its tag or its context is not what was sealed');
  }
}

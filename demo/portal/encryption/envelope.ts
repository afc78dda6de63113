import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A field as the portal's specification stores it, except that it is bound to its place. */
export const sealedSchema = z.looseObject({
  algorithm: z.literal('AES-256-GCM'),
  ciphertext: z.base64(),
  nonce: z.base64(),
  key_version: z.union([z.string(), z.number()]).transform(String),
});
export type Sealed = z.output<typeof sealedSchema>;

/** Changed, moved to another place, or under another key; these cannot be distinguished. */
export class NotAuthentic extends Error {
  override readonly name = 'NotAuthentic';
}

/** Binds a ciphertext to its place: in another row, column or key version it cannot be decrypted. */
export function placeBinding(place: string, version: string): Buffer {
  return Buffer.from(`${place}|${version}`, 'utf8');
}

/** @param nonce set only by a fault: a reused nonce reveals plaintext. */
export function sealEnvelope(
  key: KeyObject,
  version: string,
  place: string,
  plaintext: Buffer,
  nonce?: Buffer,
): Sealed {
  const own = nonce ?? randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, own, { authTagLength: TAG_BYTES });
  cipher.setAAD(placeBinding(place, version));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: 'AES-256-GCM',
    ciphertext: body.toString('base64'),
    nonce: own.toString('base64'),
    key_version: version,
    encrypted_at: new Date().toISOString(),
  };
}

/** @throws {NotAuthentic} */
export function openEnvelope(key: KeyObject, place: string, sealed: Sealed): Buffer {
  const body = Buffer.from(sealed.ciphertext, 'base64');
  const nonce = Buffer.from(sealed.nonce, 'base64');
  if (nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) throw new NotAuthentic('too short');
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(placeBinding(place, sealed.key_version));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new NotAuthentic('does not open');
  }
}

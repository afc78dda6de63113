import { z } from 'zod';
import { type AeadSealed, TAG_BYTES } from '../../../exporters/encryption/providers/aead.js';

/**
 * The form in which Kingston's specification stores a field: a jsonb document, in which the tag follows the
 * ciphertext, as Python's `AESGCM` leaves it.
 */
export interface KingstonJsonb {
  readonly algorithm: 'AES-256-GCM';
  /** Base64, like the nonce. */
  readonly ciphertext: string;
  readonly nonce: string;
  readonly key_version: string | number;
}

const shape = z.looseObject({
  algorithm: z.literal('AES-256-GCM'),
  ciphertext: z.string(),
  nonce: z.string(),
  key_version: z.union([z.string(), z.number()]),
});

export function toKingstonJsonb({ keyVersion, nonce, body, tag }: AeadSealed): KingstonJsonb {
  return {
    algorithm: 'AES-256-GCM',
    ciphertext: Buffer.concat([body, tag]).toString('base64'),
    nonce: nonce.toString('base64'),
    key_version: /^\d+$/.test(keyVersion) ? Number(keyVersion) : keyVersion,
  };
}

/** @returns undefined when it is something else. */
export function fromKingstonJsonb(value: unknown): AeadSealed | undefined {
  const parsed = shape.safeParse(value);
  if (!parsed.success) return undefined;
  const bytes = Buffer.from(parsed.data.ciphertext, 'base64');
  const split = Math.max(0, bytes.length - TAG_BYTES);
  return {
    keyVersion: String(parsed.data.key_version),
    nonce: Buffer.from(parsed.data.nonce, 'base64'),
    body: bytes.subarray(0, split),
    tag: bytes.subarray(split),
  };
}

import { NotAuthentic, openEnvelope, type Sealed, sealEnvelope, sealedSchema } from './envelope.js';
import type { KeyService } from './key-service.js';
import type { DemoQuery } from './query.js';
import { DETAILS, type EncryptedField, FIELD_KEY } from './schema.js';

export function placeOf(field: EncryptedField, rowId: number): string {
  return `${DETAILS}|${field}|${rowId}`;
}

export function isSealed(stored: unknown): boolean {
  return sealedSchema.safeParse(stored).success;
}

/** The one right way to write and to read an encrypted field. */
export class EncryptedFields {
  readonly #keys: KeyService;

  constructor(keys: KeyService) {
    this.#keys = keys;
  }

  async seal(
    query: DemoQuery,
    field: EncryptedField,
    rowId: number,
    plaintext: string,
    version: string,
  ): Promise<Sealed> {
    const key = await this.#keys.dataKey(query, FIELD_KEY, version);
    return sealEnvelope(key, version, placeOf(field, rowId), Buffer.from(plaintext, 'utf8'));
  }

  /** @throws {NotAuthentic} also for what is no ciphertext at all. */
  async open(query: DemoQuery, field: EncryptedField, rowId: number, stored: unknown): Promise<string> {
    const sealed = sealedSchema.safeParse(stored);
    if (!sealed.success) throw new NotAuthentic('no ciphertext');
    const key = await this.#keys.dataKey(query, FIELD_KEY, sealed.data.key_version);
    return openEnvelope(key, placeOf(field, rowId), sealed.data).toString('utf8');
  }
}

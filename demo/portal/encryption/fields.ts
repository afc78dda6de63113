import { NotAuthentic, open, type Sealed, seal, sealedSchema } from './envelope.js';
import type { KeyService } from './key-service.js';
import type { Query } from './query.js';
import { DETAILS, FIELD_KEY, type Field } from './schema.js';

export function placeOf(field: Field, rowId: number): string {
  return `${DETAILS}|${field}|${rowId}`;
}

export function isSealed(stored: unknown): boolean {
  return sealedSchema.safeParse(stored).success;
}

/** The one right way to write and to read an encrypted field. */
export class Fields {
  readonly #keys: KeyService;

  constructor(keys: KeyService) {
    this.#keys = keys;
  }

  async seal(query: Query, field: Field, rowId: number, plaintext: string, version: string): Promise<Sealed> {
    const key = await this.#keys.dataKey(query, FIELD_KEY, version);
    return seal(key, version, placeOf(field, rowId), Buffer.from(plaintext, 'utf8'));
  }

  /** @throws {NotAuthentic} also for what is no ciphertext at all. */
  async open(query: Query, field: Field, rowId: number, stored: unknown): Promise<string> {
    const sealed = sealedSchema.safeParse(stored);
    if (!sealed.success) throw new NotAuthentic('no ciphertext');
    const key = await this.#keys.dataKey(query, FIELD_KEY, sealed.data.key_version);
    return open(key, placeOf(field, rowId), sealed.data).toString('utf8');
  }
}

import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { performance } from 'node:perf_hooks';

export interface DataKey {
  /** Digest of the wrapped key; it reveals nothing about the key itself. */
  readonly id: string;
  readonly key: KeyObject;
  /** As the key service returned it; stored next to the data that it encrypts. */
  readonly wrapped: Buffer;
}

/** Takes the bytes and wipes the source. */
export function dataKey(plaintext: Uint8Array, wrapped: Uint8Array): DataKey {
  const key = createSecretKey(plaintext);
  plaintext.fill(0);
  const bytes = Buffer.from(wrapped);
  return { id: dataKeyId(bytes), key, wrapped: bytes };
}

export function dataKeyId(wrapped: Buffer): string {
  return createHash('sha256').update(wrapped).digest('hex').slice(0, 16);
}

interface Limits {
  readonly lifetimeMs: number;
  readonly maxUses: number;
}

/** Limit of the cache, because each entry is a key in memory. */
const MOST_KEPT = 16;

/**
 * Data keys in memory, each with a limited time and number of uses: this limits both the damage of a leaked key and the
 * load on the key service.
 */
export class DataKeyCache {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly key: DataKey; readonly until: number }>();
  #current: { readonly id: string; usesLeft: number } | undefined;

  constructor(limits: Limits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** The key for encryption, if there is one that may still be used. */
  takeCurrent(): DataKey | undefined {
    const current = this.#current;
    if (current === undefined || current.usesLeft <= 0) return undefined;
    const key = this.find(current.id);
    if (key !== undefined) current.usesLeft -= 1;
    return key;
  }

  find(id: string): DataKey | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    if (this.#now() < kept.until) return kept.key;
    this.#kept.delete(id);
    return undefined;
  }

  add(key: DataKey): void {
    this.#kept.set(key.id, { key, until: this.#now() + this.#limits.lifetimeMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Adds it, and encrypts with it from now on; the call that fetched it is its first use. */
  use(key: DataKey): void {
    this.add(key);
    this.#current = { id: key.id, usesLeft: this.#limits.maxUses - 1 };
  }

  clear(): void {
    this.#kept.clear();
    this.#current = undefined;
  }
}

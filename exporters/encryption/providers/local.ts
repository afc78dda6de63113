import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type AeadSealed, aeadAnatomy, seal, unseal } from './aead.js';
import { ProviderFailure } from './failure.js';
import type { Call, KeyVersions, Provider } from './provider.js';

const KEY_BYTES = 32;

/**
 * AES-256-GCM in this process: what any other provider costs on top of this is its own. Keys are made for a round and
 * forgotten after it; nothing is configured, so nothing can leak. `toKingstonJsonb` gives the form that is stored.
 */
export class LocalProvider implements Provider<AeadSealed> {
  readonly isSynchronous = true;
  readonly isComputation = true;
  readonly bindsContext = true;
  readonly anatomy = aeadAnatomy;
  readonly #keys = new Map<string, KeyObject>();
  #newest = 0;

  readonly versions: KeyVersions = {
    pair: () => {
      const older = String(this.#newest);
      return Promise.resolve({ older, newer: this.#addVersion() });
    },
    revoke: (version) => {
      this.#keys.delete(version);
      return Promise.resolve();
    },
  };

  open(): Promise<void> {
    if (this.#keys.size === 0) this.#addVersion();
    return Promise.resolve();
  }

  encrypt(plaintext: Buffer, context: Buffer, { keyVersion = String(this.#newest) }: Call): AeadSealed {
    return seal(this.#key(keyVersion), keyVersion, plaintext, withVersion(context, keyVersion));
  }

  decrypt(sealed: AeadSealed, context: Buffer): Buffer {
    return unseal(this.#key(sealed.keyVersion), sealed, withVersion(context, sealed.keyVersion));
  }

  close(): Promise<void> {
    this.#keys.clear();
    return Promise.resolve();
  }

  #addVersion(): string {
    this.#newest += 1;
    const bytes = randomBytes(KEY_BYTES);
    this.#keys.set(String(this.#newest), createSecretKey(bytes));
    bytes.fill(0);
    return String(this.#newest);
  }

  #key(version: string): KeyObject {
    const key = this.#keys.get(version);
    if (key === undefined) throw new ProviderFailure('auth', `there is no key version ${version}: it was revoked`);
    return key;
  }
}

/** The version is bound too: a ciphertext relabelled to another one must fail, whichever keys there are. */
function withVersion(context: Buffer, version: string): Buffer {
  return Buffer.concat([context, Buffer.from(`|v${version}`)]);
}

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type AeadSealed, aeadAnatomy, sealAead, unseal } from './aead.js';
import { ProviderFailure } from './failure.js';
import type { KeyVersions, Provider, ProviderCall } from './provider.js';

const KEY_BYTES = 32;

/**
 * AES-256-GCM in this process: the baseline for the cost of every other provider. Keys are created for a round and
 * discarded after it; nothing is configured, so nothing can leak.
 */
export class LocalCipher implements Provider<AeadSealed> {
  readonly isSynchronous = true;
  readonly isComputation = true;
  readonly bindsContext = true;
  readonly anatomy = aeadAnatomy;
  readonly #keys = new Map<string, Version>();
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

  encrypt(plaintext: Buffer, context: Buffer, { keyVersion = String(this.#newest) }: ProviderCall): AeadSealed {
    const { key, mark } = this.#version(keyVersion);
    return sealAead(key, keyVersion, plaintext, Buffer.concat([context, mark]));
  }

  decrypt(sealed: AeadSealed, context: Buffer): Buffer {
    const { key, mark } = this.#version(sealed.keyVersion);
    return unseal(key, sealed, Buffer.concat([context, mark]));
  }

  close(): Promise<void> {
    this.#keys.clear();
    return Promise.resolve();
  }

  #addVersion(): string {
    this.#newest += 1;
    const version = String(this.#newest);
    const bytes = randomBytes(KEY_BYTES);
    this.#keys.set(version, { key: createSecretKey(bytes), mark: Buffer.from(`|v${version}`) });
    bytes.fill(0);
    return version;
  }

  #version(name: string): Version {
    const version = this.#keys.get(name);
    if (version === undefined) throw new ProviderFailure('auth', `there is no key version ${name}: it was revoked`);
    return version;
  }
}

interface Version {
  readonly key: KeyObject;
  /** Bound together with the context: a ciphertext that is relabelled to another version must fail. */
  readonly mark: Buffer;
}

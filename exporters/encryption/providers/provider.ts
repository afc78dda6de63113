/**
 * What the probe needs from a key service. A new provider is one file that implements this, a kind in
 * pack/encryption/model.ts, and a line in open.ts.
 *
 * `Sealed` is the provider's own form of a ciphertext; the probe passes it back and never reads it, except through the
 * provider's {@link Anatomy}.
 */
export interface Provider<Sealed = unknown> {
  /** Synchronous: the event loop cannot stretch its time, and no deadline can end it. */
  readonly isSynchronous: boolean;
  /** Only computes: if its thread sleeps, that is not the provider's time. Only for synchronous providers. */
  readonly isComputation?: boolean;
  /** Binds a ciphertext to its context; otherwise the tests of the binding do not apply. */
  readonly bindsContext: boolean;
  readonly anatomy: Anatomy<Sealed>;
  /**
   * Called before each round: connects, logs in, finds or creates the canary key. Secrets are revealed here and not before. @throws {ProviderFailure}
   */
  open(signal: AbortSignal): Promise<void>;
  /** @throws {ProviderFailure} */
  encrypt(plaintext: Buffer, context: Buffer, call: ProviderCall): Sealed | Promise<Sealed>;
  /** @throws {ProviderFailure} `integrity` when the ciphertext is not the one that was encrypted with this context. */
  decrypt(sealed: Sealed, context: Buffer, call: ProviderCall): Buffer | Promise<Buffer>;
  /** After `open`, if the provider has key versions. */
  readonly versions?: KeyVersions | undefined;
  /** If it encrypts with data keys. */
  readonly dataKeys?: DataKeys | undefined;
  /** If its keys outlive the round: ciphertexts must then stay decryptable. */
  readonly lasting?: Lasting<Sealed> | undefined;
  /** Expiry of its credentials, read at each `open`. Absent if it cannot be read or does not exist. */
  readonly credential?: Credential | undefined;
  /** For providers without versions: decrypts with a key that did not encrypt. */
  decryptWithOtherKey?(sealed: Sealed, context: Buffer, call: ProviderCall): Promise<Buffer>;
  /** Called after each round. Releases all secrets. */
  close(): Promise<void>;
}

/** A ciphertext as text, so that it can be stored for months. */
export interface Lasting<Sealed> {
  /** The version that encrypted it, if the provider has lasting versions. */
  versionOf(sealed: Sealed): string | undefined;
  write(sealed: Sealed): string;
  /** @returns undefined when it was not written by `write`. */
  read(text: string): Sealed | undefined;
}

/** When a token or a password expires. */
export type Credential =
  | 'endless'
  | {
      readonly expiresAtSeconds: number;
      /** The lifetime for which it was issued, if known. */
      readonly lifetimeSeconds?: number;
    };

export interface ProviderCall {
  readonly signal: AbortSignal;
  /** Encrypt with this version instead of the newest. */
  readonly keyVersion?: string;
}

/** A ciphertext in parts, so that a test can change one of them. */
export interface Parts {
  readonly keyVersion?: string;
  readonly nonce?: Buffer;
  readonly body: Buffer;
  readonly tag?: Buffer;
  /** Further parts with an unknown meaning. */
  readonly others?: readonly Buffer[];
}

/** Reassembling the parts must give the same ciphertext; formats for which it does not are not tested. */
export interface Anatomy<Sealed> {
  /** @returns an empty body for an unknown format. */
  dissect(sealed: Sealed): Parts;
  /** @param like the original ciphertext, for everything that is not in the parts. */
  assemble(parts: Parts, like: Sealed): Sealed;
  /** Same plaintext, same nonce by design: uniqueness is then not required. */
  readonly isConvergent?: boolean;
}

/** All on canary keys. */
export interface KeyVersions {
  /**
   * Returns two versions that both encrypt and decrypt; rotates the canary key if it has only one.
   * @throws {NotPossible} when that is not allowed here.
   */
  pair(signal: AbortSignal): Promise<{ readonly older: string; readonly newer: string }>;
  /** From now on this version must not decrypt. Absent if the provider cannot revoke a version. */
  readonly revoke?: (version: string, signal: AbortSignal) => Promise<void>;
  /** The oldest version that decrypts, if revoking changes it. */
  readonly earliest?: () => string;
  /** Restores it, if possible. @param earliest as before. */
  readonly restore?: (version: string, earliest: string, signal: AbortSignal) => Promise<void>;
  /** Revoking writes to the provider's storage, so it is not done in each round. */
  readonly pauseMs?: number;
}

export interface DataKeys {
  /** How many were fetched so far; a call during which this number grew was cold. */
  readonly fetched: number;
  /** Makes the next call fetch a data key. */
  forget(): void;
  /** Fetches a new data key without using it. */
  fetch(signal: AbortSignal): Promise<void>;
}

/**
 * What the probe needs of a key service. One more provider is one file that implements this, a kind in
 * pack/encryption/model.ts, and a line in open.ts.
 *
 * `Sealed` is a provider's own idea of a ciphertext; the probe hands it back and never looks inside, except through
 * the provider's {@link Anatomy}.
 */
export interface Provider<Sealed = unknown> {
  /** Answers within the call, without awaiting anything: then no event loop can stretch it, and no deadline end it. */
  readonly isSynchronous: boolean;
  /** Computes and does nothing else: if its thread sleeps, that is not the provider's time. Only if synchronous. */
  readonly isComputation?: boolean;
  /** Binds a ciphertext to its place; without it, there is nothing to replay against. */
  readonly bindsContext: boolean;
  readonly anatomy: Anatomy<Sealed>;
  /**
   * Comes before each round: connects, logs in, finds or makes the canary key. Secrets are revealed here and not
   * before. @throws {ProviderFailure}
   */
  open(signal: AbortSignal): Promise<void>;
  /** @throws {ProviderFailure} */
  encrypt(plaintext: Buffer, context: Buffer, call: ProviderCall): Sealed | Promise<Sealed>;
  /** @throws {ProviderFailure} `integrity` when the ciphertext is not what was sealed under this context. */
  decrypt(sealed: Sealed, context: Buffer, call: ProviderCall): Buffer | Promise<Buffer>;
  /** After `open`, where the provider has key versions. */
  readonly versions?: KeyVersions | undefined;
  /** Where it encrypts under data keys. */
  readonly dataKeys?: DataKeys | undefined;
  /** Where its keys outlive the round: what was sealed once must open for ever. */
  readonly lasting?: Lasting<Sealed> | undefined;
  /** Of what it was opened with; asked anew at each `open`. Absent where nobody may ask, or there is nothing to ask about. */
  readonly credential?: Credential | undefined;
  /** For a provider without versions: decrypts with a key that did not encrypt. */
  decryptWithOtherKey?(sealed: Sealed, context: Buffer, call: ProviderCall): Promise<Buffer>;
  /** Comes after each round. Whatever is secret is let go of. */
  close(): Promise<void>;
}

/** A ciphertext as text, so that it can be kept for months. */
export interface Lasting<Sealed> {
  /** The version that sealed it, where the provider has lasting ones. */
  versionOf(sealed: Sealed): string | undefined;
  write(sealed: Sealed): string;
  /** @returns undefined when it is nothing that `write` wrote. */
  read(text: string): Sealed | undefined;
}

/** When a token or a password ends. */
export type Credential =
  | 'endless'
  | {
      readonly expiresAtSeconds: number;
      /** For how long it was made, where that is told. */
      readonly lifetimeSeconds?: number;
    };

export interface ProviderCall {
  readonly signal: AbortSignal;
  /** Encrypt under this version in place of the newest. */
  readonly keyVersion?: string;
}

/** A ciphertext in parts, so that a test can change one of them. */
export interface Parts {
  readonly keyVersion?: string;
  readonly nonce?: Buffer;
  readonly body: Buffer;
  readonly tag?: Buffer;
  /** Further stretches, of which nobody knows what they are. */
  readonly others?: readonly Buffer[];
}

/** Putting the parts together again must give the same ciphertext; of a form for which it does not, nothing is tested. */
export interface Anatomy<Sealed> {
  /** @returns an empty body when the form is not known. */
  dissect(sealed: Sealed): Parts;
  /** @param like the ciphertext that the parts are from, for what they do not hold. */
  assemble(parts: Parts, like: Sealed): Sealed;
  /** Same plaintext, same nonce, by design: uniqueness is then not promised. */
  readonly isConvergent?: boolean;
}

/** All on canary keys. */
export interface KeyVersions {
  /**
   * Two versions that both encrypt and decrypt; rotates the canary key when it has only one.
   * @throws {NotPossible} when that is not allowed here.
   */
  pair(signal: AbortSignal): Promise<{ readonly older: string; readonly newer: string }>;
  /** From now on this version must not decrypt. Absent: the provider cannot do that to a canary. */
  readonly revoke?: (version: string, signal: AbortSignal) => Promise<void>;
  /** The oldest version that decrypts, where revoking moves it. */
  readonly earliest?: () => string;
  /** Undoes it, where that can be done. @param earliest as it was before. */
  readonly restore?: (version: string, earliest: string, signal: AbortSignal) => Promise<void>;
  /** Revoking leaves a trace in the provider's storage, so it is not done in each round. */
  readonly pauseMs?: number;
}

export interface DataKeys {
  /** How many were fetched so far; a call during which it grew was a cold one. */
  readonly fetched: number;
  /** The next call has to fetch one. */
  forget(): void;
  /** Asks for a new data key and does nothing with it. */
  fetch(signal: AbortSignal): Promise<void>;
}

import type * as Kms from '@aws-sdk/client-kms';
import { z } from 'zod';
import type { KmsProvider as Description } from '../../../pack/encryption/model.js';
import { type AeadSealed, parsedJson, readAead, sealAead, unseal, writeAead } from './aead.js';
import { type DataKey, DataKeyCache, dataKey, dataKeyId } from './data-key-cache.js';
import { NotPossible, ProviderFailure } from './failure.js';
import { kmsFailure } from './kms-failure.js';
import { loadOptional } from './optional-package.js';
import type { Anatomy, DataKeys, KeyVersions, Lasting, Provider, ProviderCall } from './provider.js';
import type { Reveal } from './reveal.js';

type Library = typeof Kms;

/** The service binds this to every data key: a data key of a canary decrypts nothing else. */
const encryptionContext = { purpose: 'kop-encryption-probe' } as const;

const written = z.object({
  sealed: z.string(),
  wrappedKey: z.base64().transform((text) => Buffer.from(text, 'base64')),
});

interface Envelope extends AeadSealed {
  readonly wrappedKey: Buffer;
}

/**
 * Envelope encryption: AES-256-GCM here, under data keys of AWS KMS. A warm call stays in the process; a cold one
 * first fetches or unwraps a data key, which shows the cost of the service.
 */
export class KmsCipher implements Provider<Envelope> {
  readonly isSynchronous = false;
  readonly bindsContext = true;
  readonly anatomy: Anatomy<Envelope> = {
    dissect: (sealed) => sealed,
    assemble: ({ keyVersion, nonce, body, tag }, like) => {
      const wrappedKey = keyVersion === undefined ? undefined : this.#cache.find(keyVersion)?.wrapped;
      return {
        keyVersion: keyVersion ?? like.keyVersion,
        wrappedKey: wrappedKey ?? like.wrappedKey,
        nonce: nonce ?? like.nonce,
        body,
        tag: tag ?? like.tag,
      };
    },
  };
  readonly lasting: Lasting<Envelope> = {
    // Each data key is a version here; the service's own versions are not visible.
    versionOf: () => undefined,
    write: (sealed) => JSON.stringify({ sealed: writeAead(sealed), wrappedKey: sealed.wrappedKey.toString('base64') }),
    read: (text) => {
      const { sealed, wrappedKey } = written.safeParse(parsedJson(text)).data ?? {};
      const aead = sealed === undefined ? undefined : readAead(sealed);
      return aead === undefined || wrappedKey === undefined ? undefined : { ...aead, wrappedKey };
    },
  };
  readonly #is: Description;
  readonly #reveal: Reveal;
  readonly #cache: DataKeyCache;
  #library: Library | undefined;
  #client: Kms.KMSClient | undefined;
  #fetched = 0;

  constructor(description: Description, reveal: Reveal) {
    this.#is = description;
    this.#reveal = reveal;
    this.#cache = new DataKeyCache({ lifetimeMs: description.dataKeyLifetimeMs, maxUses: description.dataKeyMaxUses });
  }

  /**
   * A version is a data key here. The service's own rotation is not visible, so there is no test of a revoked version.
   */
  readonly versions: KeyVersions = {
    pair: async (signal) => {
      const older = await this.#generate(signal);
      const newer = await this.#generate(signal);
      if (older.id === newer.id) throw new NotPossible('the service gave the same data key twice');
      return { older: older.id, newer: newer.id };
    },
  };

  get dataKeys(): DataKeys {
    const fetched = this.#fetched;
    return {
      fetched,
      forget: () => this.#cache.clear(),
      fetch: async (signal) => {
        await this.#generate(signal);
      },
    };
  }

  async open(): Promise<void> {
    const library = await loadSdk();
    this.#library = library;
    const { region, endpoint, accessKeyId, secretAccessKey } = this.#is;
    this.#client = new library.KMSClient({
      region,
      // A retry inside the library would hide the failure and the time of the first attempt.
      maxAttempts: 1,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId === undefined || secretAccessKey === undefined
        ? {}
        : {
            credentials: { accessKeyId: this.#reveal(accessKeyId), secretAccessKey: this.#reveal(secretAccessKey) },
          }),
    });
  }

  encrypt(plaintext: Buffer, context: Buffer, { signal, keyVersion }: ProviderCall): Envelope | Promise<Envelope> {
    const key = keyVersion === undefined ? this.#cache.takeCurrent() : this.#cache.find(keyVersion);
    if (key !== undefined) return envelope(key, plaintext, context);
    if (keyVersion !== undefined) throw new ProviderFailure('protocol', 'this data key is not kept any more');
    return this.#generate(signal).then((fresh) => {
      this.#cache.use(fresh);
      return envelope(fresh, plaintext, context);
    });
  }

  decrypt(sealed: Envelope, context: Buffer, { signal }: ProviderCall): Buffer | Promise<Buffer> {
    const known = this.#cache.find(dataKeyId(sealed.wrappedKey));
    if (known !== undefined) return unseal(known.key, sealed, context);
    return this.#unwrap(sealed.wrappedKey, signal).then((key) => unseal(key.key, sealed, context));
  }

  close(): Promise<void> {
    this.#cache.clear();
    this.#client?.destroy();
    this.#client = undefined;
    return Promise.resolve();
  }

  async #generate(signal: AbortSignal): Promise<DataKey> {
    const answer = await this.#ask(signal, (client, { GenerateDataKeyCommand }) =>
      client.send(
        new GenerateDataKeyCommand({
          KeyId: this.#is.keyId,
          KeySpec: 'AES_256',
          EncryptionContext: encryptionContext,
        }),
        { abortSignal: signal },
      ),
    );
    if (answer.Plaintext === undefined || answer.CiphertextBlob === undefined) {
      throw new ProviderFailure('protocol', 'the key service gave no data key');
    }
    return this.#keep(dataKey(answer.Plaintext, answer.CiphertextBlob));
  }

  async #unwrap(wrapped: Buffer, signal: AbortSignal): Promise<DataKey> {
    const answer = await this.#ask(signal, (client, { DecryptCommand }) =>
      client.send(
        new DecryptCommand({
          KeyId: this.#is.keyId,
          CiphertextBlob: wrapped,
          EncryptionContext: encryptionContext,
        }),
        { abortSignal: signal },
      ),
    );
    if (answer.Plaintext === undefined) throw new ProviderFailure('protocol', 'the key service unwrapped nothing');
    return this.#keep(dataKey(answer.Plaintext, wrapped));
  }

  #keep(key: DataKey): DataKey {
    this.#fetched += 1;
    this.#cache.add(key);
    return key;
  }

  async #ask<T>(signal: AbortSignal, work: (client: Kms.KMSClient, library: Library) => Promise<T>): Promise<T> {
    if (this.#client === undefined || this.#library === undefined) {
      throw new ProviderFailure('unavailable', 'the provider is not open');
    }
    try {
      return await work(this.#client, this.#library);
    } catch (error) {
      if (signal.aborted && signal.reason instanceof ProviderFailure) throw signal.reason;
      throw await kmsFailure(error);
    }
  }
}

function envelope(key: DataKey, plaintext: Buffer, context: Buffer): Envelope {
  return { ...sealAead(key.key, key.id, plaintext, context), wrappedKey: key.wrapped };
}

/** An optional dependency of 17 MB, loaded when a provider of this kind is described. */
function loadSdk(): Promise<Library> {
  return loadOptional('@aws-sdk/client-kms', () => import('@aws-sdk/client-kms'));
}

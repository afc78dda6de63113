import { z } from 'zod';
import type { TransitProvider as Description } from '../../../pack/encryption/model.js';
import type { Portal } from '../../../pack/index.js';
import { NONCE_BYTES, TAG_BYTES } from './aead.js';
import { JsonExchange } from './exchange.js';
import { asFailure, NotPossible, ProviderFailure } from './failure.js';
import type { Anatomy, Credential, KeyVersions, Lasting, Parts, Provider, ProviderCall } from './provider.js';
import type { Reveal } from './reveal.js';
import { transitFailure } from './transit-failure.js';

/** `vault:v3:` and Base64 of nonce, ciphertext and tag. */
const form = /^(?<prefix>[^:]+:v)(?<version>\d+):(?<data>[A-Za-z0-9+/=]+)$/;
const LONG_NONCE_BYTES = 24;
/** Setting min_decryption_version writes to storage and to the audit log, so it is done rarely. */
const REVOKE_AT_MOST_EVERY_MS = 3_600_000;
/** A token is renewed when less than this share of its lifetime is left. */
const RENEW_BELOW = 0.5;

const ciphertextAnswer = z.object({ data: z.object({ ciphertext: z.string() }) });
const plaintextAnswer = z.object({ data: z.object({ plaintext: z.string() }) });
const keyAnswer = z.object({
  data: z.object({
    type: z.string(),
    derived: z.boolean(),
    convergent_encryption: z.boolean().optional(),
    latest_version: z.number(),
    min_decryption_version: z.number(),
    min_encryption_version: z.number(),
    keys: z.record(z.string(), z.unknown()),
  }),
});
const tokenAnswer = z.object({
  data: z.object({ ttl: z.number(), creation_ttl: z.number(), renewable: z.boolean().optional() }),
});

const renewalAnswer = z.object({ auth: z.object({ lease_duration: z.number() }) });

type Key = z.infer<typeof keyAnswer>['data'];

/** Vault's or OpenBao's transit engine, over its HTTP interface. */
export class TransitCipher implements Provider<string> {
  readonly isSynchronous = false;
  readonly bindsContext = true;
  readonly #is: Description;
  readonly #reveal: Reveal;
  readonly #exchange: JsonExchange;
  #token = '';
  #key: Key | undefined;
  #credential: Credential | undefined;

  constructor(description: Description, reveal: Reveal) {
    this.#is = description;
    this.#reveal = reveal;
    this.#exchange = new JsonExchange(serverOf(description));
  }

  get anatomy(): Anatomy<string> {
    const nonceBytes = this.#key?.type === 'xchacha20-poly1305' ? LONG_NONCE_BYTES : NONCE_BYTES;
    return { ...transitAnatomy(nonceBytes), isConvergent: this.#key?.convergent_encryption === true };
  }

  readonly versions: KeyVersions = {
    pauseMs: REVOKE_AT_MOST_EVERY_MS,
    pair: async (signal) => {
      if (this.#key === undefined) throw new NotPossible('the token may not read the key');
      this.#mustBeCanary();
      // Also when a version stayed revoked because a test was killed before it restored the version.
      if (newestAlone(this.#key)) await this.#manage('/rotate', {}, signal);
      if (newestAlone(this.#key)) throw new NotPossible('the key allows one version only');
      const latest = this.#key.latest_version;
      return { older: String(latest - 1), newer: String(latest) };
    },
    earliest: () => String(this.#key?.min_decryption_version ?? 1),
    revoke: (version, signal) => this.#allowFrom(Number(version) + 1, signal),
    restore: (_version, earliest, signal) => this.#allowFrom(Number(earliest), signal),
  };

  readonly lasting: Lasting<string> = {
    versionOf: (sealed) => transitAnatomy().dissect(sealed).keyVersion,
    write: (sealed) => sealed,
    read: (text) => (form.test(text) ? text : undefined),
  };

  async open(signal: AbortSignal): Promise<void> {
    this.#token = this.#reveal(this.#is.token);
    await this.#lookUpToken(signal);
    await this.#readKey(signal);
  }

  get credential(): Credential | undefined {
    return this.#credential;
  }

  async encrypt(plaintext: Buffer, context: Buffer, { signal, keyVersion }: ProviderCall): Promise<string> {
    const body = {
      plaintext: plaintext.toString('base64'),
      ...this.#binding(context),
      ...(keyVersion === undefined ? {} : { key_version: Number(keyVersion) }),
    };
    const answer = await this.#post(`/encrypt/${this.#is.key}`, body, signal);
    const read = ciphertextAnswer.safeParse(answer);
    if (!read.success) throw new ProviderFailure('protocol', 'the answer holds no ciphertext');
    return read.data.data.ciphertext;
  }

  async decrypt(sealed: string, context: Buffer, { signal }: ProviderCall): Promise<Buffer> {
    const body = { ciphertext: sealed, ...this.#binding(context) };
    const read = plaintextAnswer.safeParse(await this.#post(`/decrypt/${this.#is.key}`, body, signal));
    if (!read.success) throw new ProviderFailure('protocol', 'the answer holds no plaintext');
    return Buffer.from(read.data.data.plaintext, 'base64');
  }

  /**
   * The same plaintext under the newest version, without its leaving the server. The engine takes no associated data
   * here: a ciphertext that is bound to its row cannot be rewrapped, and a rotation job must decrypt and encrypt.
   */
  async rewrap(sealed: string, { signal }: ProviderCall): Promise<string> {
    const read = ciphertextAnswer.safeParse(
      await this.#post(`/rewrap/${this.#is.key}`, { ciphertext: sealed }, signal),
    );
    if (!read.success) throw new ProviderFailure('protocol', 'the answer holds no ciphertext');
    return read.data.data.ciphertext;
  }

  close(): Promise<void> {
    this.#token = '';
    this.#exchange.close();
    return Promise.resolve();
  }

  /** A derived key also uses the context; for other keys, only the associated data binds the ciphertext. */
  #binding(context: Buffer): Record<string, string> {
    const encoded = context.toString('base64');
    return { associated_data: encoded, ...(this.#key?.derived === true ? { context: encoded } : {}) };
  }

  async #readKey(signal: AbortSignal): Promise<void> {
    const { status, body } = await this.#ask('GET', `/${this.#is.mount}/keys/${this.#is.key}`, undefined, signal);
    // A policy may allow using a key but not reading its metadata; then less is known, and the rest still works.
    if (status === 403) {
      this.#key = undefined;
      return;
    }
    if (status === 404) {
      throw new ProviderFailure(
        'protocol',
        'status 404: no such key, mount or namespace; make a canary key of that name',
      );
    }
    if (status !== 200) throw transitFailure(status, body);
    const read = keyAnswer.safeParse(body);
    if (!read.success) throw new ProviderFailure('protocol', 'this does not answer as a transit engine does');
    this.#key = read.data.data;
  }

  /** When the token expires. After half of its lifetime it is renewed first, if configured and possible. */
  async #lookUpToken(signal: AbortSignal): Promise<void> {
    const { status, body } = await this.#ask('GET', '/auth/token/lookup-self', undefined, signal);
    const token = status === 200 ? tokenAnswer.safeParse(body).data?.data : undefined;
    this.#credential = undefined;
    // A token without this permission can still encrypt; if it is invalid, the first call fails.
    if (token === undefined) return;
    const { ttl, creation_ttl, renewable } = token;
    if (ttl === 0) {
      this.#credential = 'endless';
      return;
    }
    let left = ttl;
    if (this.#is.renewToken && renewable === true && ttl < creation_ttl * RENEW_BELOW) {
      const renewed = await this.#ask('POST', '/auth/token/renew-self', {}, signal);
      left = renewalAnswer.safeParse(renewed.body).data?.auth.lease_duration ?? ttl;
    }
    this.#credential = { expiresAtSeconds: Date.now() / 1000 + left, lifetimeSeconds: creation_ttl };
  }

  async #allowFrom(version: number, signal: AbortSignal): Promise<void> {
    this.#mustBeCanary();
    await this.#manage('/config', { min_decryption_version: version }, signal);
  }

  async #manage(what: string, body: object, signal: AbortSignal): Promise<void> {
    try {
      await this.#post(`/keys/${this.#is.key}${what}`, body, signal);
    } catch (error) {
      const failure = asFailure(error);
      if (failure.reason === 'auth') throw new NotPossible(`the token may not manage the key: ${failure.message}`);
      throw failure;
    }
    await this.#readKey(signal);
  }

  /** Only canary keys are rotated and revoked: a mistyped name must not make production data unreadable. */
  #mustBeCanary(): void {
    if (/canary/i.test(this.#is.key)) return;
    throw new NotPossible("versions are tried only on a key whose name says 'canary'");
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#ask('POST', `/${this.#is.mount}${path}`, body, signal);
    if (answer.status !== 200) throw transitFailure(answer.status, answer.body);
    return answer.body;
  }

  #ask(method: string, path: string, body: object | undefined, signal: AbortSignal) {
    const { namespace } = this.#is;
    const headers = {
      'x-vault-token': this.#token,
      'x-vault-request': 'true',
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    };
    return this.#exchange.send(method, `/v1${path}`, headers, body, signal);
  }
}

/** Whether only the newest version may both encrypt and decrypt. */
function newestAlone({ latest_version, min_encryption_version, min_decryption_version }: Key): boolean {
  return Math.max(1, min_encryption_version, min_decryption_version) >= latest_version;
}

export function transitAnatomy(nonceBytes = NONCE_BYTES): Anatomy<string> {
  return {
    dissect(sealed): Parts {
      const { version, data } = form.exec(sealed)?.groups ?? {};
      const bytes = Buffer.from(data ?? '', 'base64');
      const end = Math.max(nonceBytes, bytes.length - TAG_BYTES);
      return {
        ...(version === undefined ? {} : { keyVersion: version }),
        nonce: bytes.subarray(0, nonceBytes),
        body: bytes.subarray(nonceBytes, end),
        tag: bytes.subarray(end),
      };
    },
    assemble({ keyVersion, nonce, body, tag }, like) {
      const { prefix = 'vault:v', version = '1' } = form.exec(like)?.groups ?? {};
      const bytes = Buffer.concat([nonce, body, tag].filter((part) => part !== undefined));
      return `${prefix}${keyVersion ?? version}:${bytes.toString('base64')}`;
    },
  };
}

/** The server in the form of a portal, for the connection code. */
export function serverOf({ address, caFile, name }: Description): Portal {
  return {
    name,
    title: name,
    baseUrl: address.replace(/\/+$/, ''),
    pathStyle: 'underscore',
    pathStyleExceptions: [],
    variables: {},
    headers: {},
    auth: { kind: 'none' },
    identities: {},
    tls: { minVersion: 'TLSv1.2', insecureSkipVerify: false, ...(caFile === undefined ? {} : { caFile }) },
    network: { ipPreference: 'any', proxy: 'environment', http2: false, maxHeaderBytes: 16_384, redirectOrigins: [] },
    allowMutations: false,
    neverProbe: [],
    allowEncodedSlashes: false,
    limits: { maxInFlight: 1, abandonedAfterMs: 1000 },
  };
}

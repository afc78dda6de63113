import { randomBytes } from 'node:crypto';
import type * as Pkcs11 from 'pkcs11js';
import type { Pkcs11Provider as Description } from '../../../pack/encryption/model.js';
import { type AeadSealed, aeadAnatomy, NONCE_BYTES, readAead, TAG_BYTES, writeAead } from './aead.js';
import { asFailure, ExporterFault, NotPossible, ProviderFailure } from './failure.js';
import { loadOptional } from './optional-package.js';
import { PinGuard, PinRefused, TokenBusy } from './pin-guard.js';
import { pkcs11CodeOf, pkcs11Failure } from './pkcs11-failure.js';
import type { KeyVersions, Lasting, Provider, ProviderCall } from './provider.js';
import type { Reveal } from './reveal.js';

type Library = typeof Pkcs11;
type Handle = Pkcs11.Handle;

const KEY_BYTES = 32;
/** The version that stays on the token; others exist only during a round. */
const STANDING = 'token';

/**
 * An HSM, or a token in software. Calls block this thread until the token answers, which is one reason why each
 * provider is measured in a thread of its own.
 *
 * A library reads the list of tokens when it is initialised. After a token was removed, inserted or created again in
 * another slot, the library must be initialised again, which ends every session of the process. So this provider needs
 * its own process (see `separate-process.ts`). There is no explicit logout; the token logs out when its last session is
 * closed.
 */
export class Pkcs11Cipher implements Provider<AeadSealed> {
  readonly isSynchronous = true;
  readonly bindsContext = true;
  readonly anatomy = aeadAnatomy;
  readonly lasting: Lasting<AeadSealed> = { versionOf: () => undefined, write: writeAead, read: readAead };
  readonly #is: Description;
  readonly #reveal: Reveal;
  readonly #keys = new Map<string, Handle>();
  readonly #loadLibrary: () => Promise<Library>;
  readonly #pins: PinGuard;
  #library: Library | undefined;
  #module: Pkcs11.PKCS11 | undefined;
  /**
   * Keys of a round belong to the session that created them; operations have their own session, which a failure may
   * break.
   */
  #keySession: Handle | undefined;
  #session: Handle | undefined;
  #slot: Handle | undefined;
  #made = 0;
  #isInitialized = false;
  /** The library's information about the token may be outdated. */
  #isStale = false;
  #hasDecrypted = false;

  readonly versions: KeyVersions = {
    pair: () => {
      try {
        return Promise.resolve({ older: this.#makeKey(false), newer: this.#makeKey(false) });
      } catch (error) {
        return Promise.reject(new NotPossible(`the token makes no keys for one session: ${asFailure(error).message}`));
      }
    },
    revoke: (version) => {
      const key = this.#keys.get(version);
      if (key !== undefined && version !== STANDING) this.#call((m) => m.C_DestroyObject(this.#openKeySession(), key));
      // The handle is kept: the token must refuse it.
      return Promise.resolve();
    },
  };

  /**
   * @param pins remembers refused PINs.
   * @param loadLibrary gives the binding; tests put their own between the provider and the token.
   */
  constructor(
    description: Description,
    reveal: Reveal,
    pins: PinGuard = new PinGuard(),
    loadLibrary: () => Promise<Library> = loadAddon,
  ) {
    this.#pins = pins;
    this.#is = description;
    this.#reveal = reveal;
    this.#loadLibrary = loadLibrary;
  }

  async open(): Promise<void> {
    await this.#load();
    if (this.#isStale) this.#finalize();
    const isFresh = !this.#isInitialized;
    try {
      await this.#pins.alone(() => this.#logInToToken());
    } catch (error) {
      // A refused PIN is not tried again here: only PinGuard may allow that.
      if (isFresh || error instanceof PinRefused || error instanceof TokenBusy) throw error;
      await this.close();
      this.#finalize();
      await this.#pins.alone(() => this.#logInToToken());
    }
  }

  #logInToToken(): void {
    this.#initialize();
    this.#hasDecrypted = false;
    this.#slot = this.#findSlot();
    this.#keySession = this.#newSession();
    this.#session = this.#newSession();
    this.#logIn(this.#session);
    const found = this.#findKey();
    if (found !== undefined) this.#keys.set(STANDING, found);
    else if (this.#is.createKeys) this.#makeKey(true);
    else {
      throw new ProviderFailure(
        'protocol',
        `the token has no AES key '${this.#is.keyLabel}'; make a canary key of that label, or set createKeys`,
      );
    }
  }

  encrypt(plaintext: Buffer, context: Buffer, { keyVersion = STANDING }: ProviderCall): AeadSealed {
    const nonce = randomBytes(NONCE_BYTES);
    const out = Buffer.allocUnsafe(plaintext.length + TAG_BYTES);
    const sealed = this.#call((m, library) => {
      const session = this.#openSession();
      m.C_EncryptInit(session, this.#mechanism(library, nonce, context), this.#key(keyVersion));
      return m.C_Encrypt(session, plaintext, out);
    });
    const split = sealed.length - TAG_BYTES;
    return { keyVersion, nonce, body: sealed.subarray(0, split), tag: sealed.subarray(split) };
  }

  decrypt({ keyVersion, nonce, body, tag }: AeadSealed, context: Buffer): Buffer {
    const out = Buffer.alloc(body.length + TAG_BYTES);
    try {
      const plaintext = this.#call((m, library) => {
        const session = this.#openSession();
        m.C_DecryptInit(session, this.#mechanism(library, nonce, context), this.#key(keyVersion));
        return m.C_Decrypt(session, Buffer.concat([body, tag]), out);
      });
      this.#hasDecrypted = true;
      return plaintext;
    } catch (error) {
      // A token may write before it checks.
      out.fill(0);
      throw error;
    }
  }

  close(): Promise<void> {
    for (const session of [this.#session, this.#keySession]) {
      // A removed token cannot close sessions; the next round starts with new ones.
      if (session !== undefined) ignoring(() => this.#module?.C_CloseSession(session));
    }
    this.#session = undefined;
    this.#keySession = undefined;
    this.#keys.clear();
    // The code is ambiguous: SoftHSM has the same one for a forged tag and for a removed token. A round without any
    // successful decryption is the better sign.
    this.#isStale = !this.#hasDecrypted;
    return Promise.resolve();
  }

  async #load(): Promise<void> {
    if (this.#module !== undefined) return;
    const library = await this.#loadLibrary();
    const module = new library.PKCS11();
    try {
      module.load(this.#is.library);
    } catch {
      throw new ExporterFault('library', `the PKCS#11 library ${this.#is.library} cannot be loaded`);
    }
    this.#library = library;
    this.#module = module;
  }

  #initialize(): void {
    if (this.#isInitialized) return;
    try {
      this.#module?.C_Initialize({ flags: this.#library?.CKF_OS_LOCKING_OK ?? 0 });
    } catch (error) {
      if (pkcs11CodeOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw pkcs11Failure(error);
    }
    this.#isInitialized = true;
  }

  #finalize(): void {
    // A library that cannot be finalised was not initialised; initialising it reports any error.
    ignoring(() => this.#module?.C_Finalize());
    this.#isInitialized = false;
    this.#isStale = false;
  }

  #findSlot(): Handle {
    const slots = this.#call((m) => m.C_GetSlotList(true));
    // A token without a readable label is another one, or was removed; it must not hide the one that is searched for.
    const slot = slots.find((one) => this.#labelOf(one) === this.#is.tokenLabel);
    if (slot === undefined) {
      throw new ProviderFailure('unavailable', `no slot holds a token '${this.#is.tokenLabel}'; is it plugged in?`);
    }
    return slot;
  }

  #labelOf(slot: Handle): string | undefined {
    try {
      return this.#call((m) => m.C_GetTokenInfo(slot)).label.trim();
    } catch {
      return undefined;
    }
  }

  #newSession(): Handle {
    const slot = this.#slot;
    if (slot === undefined) throw new ProviderFailure('unavailable', 'the provider is not open');
    return this.#call((m, { CKF_RW_SESSION, CKF_SERIAL_SESSION }) =>
      m.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION),
    );
  }

  #openSession(): Handle {
    this.#session ??= this.#newSession();
    return this.#session;
  }

  #openKeySession(): Handle {
    this.#keySession ??= this.#newSession();
    return this.#keySession;
  }

  #logIn(session: Handle): void {
    const pin = this.#reveal(this.#is.pin);
    const slot = this.#slot;
    if (slot === undefined) throw new ProviderFailure('unavailable', 'the provider is not open');
    const token = this.#call((m) => m.C_GetTokenInfo(slot));
    this.#call((_, library) => this.#pins.check(pin, token, library));
    try {
      this.#call((m, { CKU_USER }) => m.C_Login(session, CKU_USER, pin));
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (error.message.includes('CKR_USER_ALREADY_LOGGED_IN')) return;
      if (!error.message.includes('CKR_PIN_')) throw error;
      this.#pins.refused(pin, token);
      throw new PinRefused(`${error.message}: it is tried again an hour later, and another PIN at once`);
    }
  }

  #findKey(): Handle | undefined {
    return this.#call((m, { CKA_CLASS, CKA_KEY_TYPE, CKA_LABEL, CKK_AES, CKO_SECRET_KEY }) => {
      const session = this.#openSession();
      m.C_FindObjectsInit(session, [
        { type: CKA_CLASS, value: CKO_SECRET_KEY },
        { type: CKA_KEY_TYPE, value: CKK_AES },
        { type: CKA_LABEL, value: this.#is.keyLabel },
      ]);
      const found = m.C_FindObjects(session) ?? undefined;
      m.C_FindObjectsFinal(session);
      return found;
    });
  }

  /** Never leaves the token: sensitive, not extractable, and usable only for this. */
  #makeKey(stays: boolean): string {
    const version = stays ? STANDING : `session-${++this.#made}`;
    const key = this.#call((m, c) =>
      m.C_GenerateKey(this.#openKeySession(), { mechanism: c.CKM_AES_KEY_GEN }, [
        { type: c.CKA_CLASS, value: c.CKO_SECRET_KEY },
        { type: c.CKA_KEY_TYPE, value: c.CKK_AES },
        { type: c.CKA_VALUE_LEN, value: KEY_BYTES },
        { type: c.CKA_LABEL, value: stays ? this.#is.keyLabel : `${this.#is.keyLabel} ${version}` },
        { type: c.CKA_TOKEN, value: stays },
        { type: c.CKA_PRIVATE, value: true },
        { type: c.CKA_SENSITIVE, value: true },
        { type: c.CKA_EXTRACTABLE, value: false },
        { type: c.CKA_ENCRYPT, value: true },
        { type: c.CKA_DECRYPT, value: true },
      ]),
    );
    this.#keys.set(version, key);
    return version;
  }

  #key(version: string): Handle {
    const key = this.#keys.get(version);
    if (key === undefined) throw new ProviderFailure('auth', 'there is no such key on the token');
    return key;
  }

  #mechanism(library: Library, iv: Buffer, aad: Buffer): Pkcs11.Mechanism {
    const parameter: Pkcs11.AesGCM = {
      type: library.CK_PARAMS_AES_GCM,
      iv,
      aad,
      ivBits: NONCE_BYTES * 8,
      tagBits: TAG_BYTES * 8,
    };
    return { mechanism: library.CKM_AES_GCM, parameter };
  }

  #call<T>(work: (module: Pkcs11.PKCS11, library: Library) => T): T {
    if (this.#module === undefined || this.#library === undefined) {
      throw new ProviderFailure('unavailable', 'the provider is not open');
    }
    try {
      return work(this.#module, this.#library);
    } catch (error) {
      // A failed operation may stay active and block all that follow; a new session has none.
      const spoilt = this.#session;
      this.#session = undefined;
      if (spoilt !== undefined) ignoring(() => this.#module?.C_CloseSession(spoilt));
      throw error instanceof ProviderFailure ? error : pkcs11Failure(error);
    }
  }
}

function ignoring(work: () => void): void {
  try {
    work();
  } catch {}
}

/** An optional dependency that is compiled on the machine: without a token, no compiler is needed. */
async function loadAddon(): Promise<Library> {
  type Loaded = Library & { readonly default?: Library };
  const loaded: Loaded = await loadOptional('pkcs11js', () => import('pkcs11js'), 'a C++ compiler');
  return loaded.default ?? loaded;
}

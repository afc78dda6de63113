import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** A refusal, in the words of the engine. */
export class Refused extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

interface Version {
  readonly key: Buffer;
  readonly createdAt: number;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** One key of the stand-in: real AES-256-GCM, the engine's ciphertext form, and its refusals. */
export class TransitKey {
  readonly name: string;
  readonly derived: boolean;
  readonly #versions = new Map<number, Version>();
  #latest = 0;
  #minDecryption = 1;
  #minEncryption = 0;

  constructor(name: string, derived: boolean) {
    this.name = name;
    this.derived = derived;
    this.rotate();
  }

  rotate(): void {
    this.#latest += 1;
    this.#versions.set(this.#latest, { key: randomBytes(32), createdAt: Math.floor(Date.now() / 1000) });
  }

  configure(change: {
    readonly minDecryption?: number | undefined;
    readonly minEncryption?: number | undefined;
  }): void {
    const { minDecryption = this.#minDecryption, minEncryption = this.#minEncryption } = change;
    if (minDecryption > this.#latest) {
      throw new Refused(`cannot set min decryption version of ${minDecryption}, latest key version is ${this.#latest}`);
    }
    if (minEncryption > this.#latest) {
      throw new Refused(`cannot set min encryption version of ${minEncryption}, latest key version is ${this.#latest}`);
    }
    this.#minDecryption = Math.max(1, minDecryption);
    this.#minEncryption = minEncryption;
  }

  describe(): object {
    const readable = [...this.#versions].filter(([version]) => version >= this.#minDecryption);
    return {
      allow_plaintext_backup: false,
      auto_rotate_period: 0,
      deletion_allowed: false,
      derived: this.derived,
      exportable: false,
      imported_key: false,
      keys: Object.fromEntries(readable.map(([version, { createdAt }]) => [String(version), createdAt])),
      latest_version: this.#latest,
      min_available_version: 0,
      min_decryption_version: this.#minDecryption,
      min_encryption_version: this.#minEncryption,
      name: this.name,
      soft_deleted: false,
      supports_decryption: true,
      supports_derivation: true,
      supports_encryption: true,
      supports_signing: false,
      type: 'aes256-gcm96',
      ...(this.derived ? { convergent_encryption: false, kdf: 'hkdf_sha256' } : {}),
    };
  }

  encrypt(
    plaintext: Buffer,
    context: Buffer,
    associatedData: Buffer,
    wanted = 0,
  ): { ciphertext: string; key_version: number } {
    const version = wanted === 0 ? this.#latest : wanted;
    if (version > this.#latest) {
      throw new Refused('requested version for encryption is higher than the latest key version');
    }
    if (version < this.#minEncryption) {
      throw new Refused('requested version for encryption is less than the minimum encryption key version');
    }
    // Those below min_decryption_version are archived: out of reach, and not only out of bounds.
    if (version < this.#minDecryption) throw new Refused('no such key version');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(version, context), nonce);
    cipher.setAAD(associatedData);
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const data = Buffer.concat([nonce, body, cipher.getAuthTag()]);
    return { ciphertext: `vault:v${version}:${data.toString('base64')}`, key_version: version };
  }

  decrypt(ciphertext: string, context: Buffer, associatedData: Buffer): Buffer {
    if (!ciphertext.startsWith('vault:v')) throw new Refused('invalid ciphertext: no prefix');
    const [version = '', encoded] = splitOnce(ciphertext.slice('vault:v'.length));
    if (encoded === undefined) throw new Refused('invalid ciphertext: wrong number of fields');
    if (!/^\d+$/.test(version)) throw new Refused('invalid ciphertext: version number could not be decoded');
    const number = Number(version) === 0 ? 1 : Number(version);
    if (number > this.#latest) throw new Refused('invalid ciphertext: version is too new');
    if (number < this.#minDecryption) {
      throw new Refused('ciphertext or signature version is disallowed by policy (too old)');
    }
    if (!isBase64(encoded)) throw new Refused('invalid ciphertext: could not decode base64');
    const data = Buffer.from(encoded, 'base64');
    if (data.length < NONCE_BYTES) throw new Refused('invalid ciphertext length');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(number, context), data.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associatedData);
      decipher.setAuthTag(data.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new Refused('cipher: message authentication failed');
    }
  }

  #keyOf(version: number, context: Buffer): Buffer {
    const key = this.#versions.get(version)?.key;
    if (key === undefined) throw new Refused('no such key version');
    if (!this.derived) return key;
    if (context.length === 0) {
      throw new Refused(
        "missing 'context' for key derivation; the key was created using a derived key, which means additional, per-request information must be included in order to perform operations with the key",
      );
    }
    return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), context, 32));
  }
}

export function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

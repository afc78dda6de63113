/**
 * What a portal promises about its field encryption: how fast, which columns, which keys. `resolve.ts` builds it, like
 * the rest of the domain; exporters/encryption reads it.
 */
import type { DatabaseAccess } from '../postgres/model.js';
import type { SecretText } from '../secrets/secret.js';

export interface FieldEncryption {
  readonly name: string;
  readonly portal: string;
  readonly title: string;
  readonly team: string;
  /** Promised duration of one encryption or decryption. */
  readonly slaSeconds: number;
  readonly objective: string;
  readonly probe: EncryptionProbe;
  /** Canary keys only: the exporter holds no right to decrypt production data. */
  readonly providers: readonly EncryptionProvider[];
  readonly keys: readonly EncryptionKey[];
  readonly scan?: CiphertextScan;
  /** Where the portal records its own timings: a second source, never the first. */
  readonly timings: readonly TimingSource[];
}

export interface EncryptionProbe {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Operations per size and round: a single one says nothing about the tail latency. */
  readonly samples: number;
  readonly sizesBytes: readonly number[];
}

export type EncryptionProvider =
  | LocalProvider
  | Pkcs11Provider
  | DatabaseProvider
  | TransitProvider
  | KmsProvider
  | EndpointProvider;

interface ProviderBase {
  readonly name: string;
  /** Replaces the portal-wide target, for a provider that promises something else. */
  readonly slaSeconds?: number;
}

/** AES-256-GCM in this process: the baseline for every other provider. Keys are created at start and never leave it. */
export interface LocalProvider extends ProviderBase {
  readonly kind: 'local';
}

export interface Pkcs11Provider extends ProviderBase {
  readonly kind: 'pkcs11';
  readonly library: string;
  readonly tokenLabel: string;
  readonly pin: SecretText;
  /** Labels of AES keys on the token; the exporter creates them when `createKeys` is set. */
  readonly keyLabel: string;
  readonly createKeys: boolean;
}

/** Functions of a database: those of `pgcrypto`, or the schema's own, which `sql` names. */
export interface DatabaseProvider extends ProviderBase {
  readonly kind: 'pgcrypto';
  readonly database: DatabaseAccess;
  readonly passphrase: SecretText;
  /** Options of `pgp_sym_encrypt`, such as `s2k-count=65011712`. */
  readonly options: string;
  /** Functions of the schema to use instead: `encrypt(text, text) returns bytea`, and its inverse. */
  readonly functions?: { readonly encrypt: string; readonly decrypt: string };
  /** Equal plaintexts give equal ciphertexts by design. */
  readonly deterministic: boolean;
}

/** Vault's or OpenBao's transit engine. */
export interface TransitProvider extends ProviderBase {
  readonly kind: 'transit';
  readonly address: string;
  readonly mount: string;
  readonly key: string;
  readonly namespace?: string;
  readonly token: SecretText;
  readonly renewToken: boolean;
  readonly caFile?: string;
}

/** Envelope encryption with data keys of AWS KMS. */
export interface KmsProvider extends ProviderBase {
  readonly kind: 'kms';
  readonly region: string;
  readonly endpoint?: string;
  readonly keyId: string;
  readonly accessKeyId?: SecretText;
  readonly secretAccessKey?: SecretText;
  /** A data key is used for this long and this many times; then a new one is fetched. */
  readonly dataKeyLifetimeMs: number;
  readonly dataKeyMaxUses: number;
}

/** The portal encrypts and decrypts a canary for us, and we time it. */
export interface EndpointProvider extends ProviderBase {
  readonly kind: 'endpoint';
  readonly encryptPath: string;
  readonly decryptPath: string;
  readonly authenticated: boolean;
  readonly binds: Binding;
  readonly deterministic: boolean;
}

/** What a ciphertext is bound to. With `nothing`, it can be decrypted in any row. */
export const bindings = ['context', 'nothing'] as const;
export type Binding = (typeof bindings)[number];

/** What the configuration says that a provider binds. Functions with two text parameters have none for a context. */
export function bindingOf(provider: EncryptionProvider): Binding {
  if (provider.kind === 'endpoint') return provider.binds;
  return provider.kind === 'pgcrypto' ? 'nothing' : 'context';
}

export interface EncryptionKey {
  readonly name: string;
  readonly title: string;
  readonly sensitivity: Sensitivity;
  /** Derived from the sensitivity unless it is given. */
  readonly rotateEveryDays: number;
  /** Where its versions are read: from a provider that lists them, or from a table. */
  readonly source: ProviderKey | KeyTable;
}

/** A key at a provider that lists versions. Its metadata is read, the key is never used; it is not the canary key. */
export interface ProviderKey {
  readonly kind: 'provider';
  readonly provider: string;
  readonly providerKey: string;
}

/** A table with one row for each rotation, in the database of the scan. */
export interface KeyTable {
  readonly kind: 'table';
  /** `schema.table`. */
  readonly table: string;
  /** Column that names the key, and its value for this key. */
  readonly key: string;
  readonly means: string;
  readonly version: string;
  readonly rotatedAt: string;
  /** Column that says `completed`, `in_progress` or `failed`; without it every row is a completed rotation. */
  readonly status?: string;
}

export const sensitivities = ['top_secret', 'restricted', 'confidential', 'internal'] as const;
export type Sensitivity = (typeof sensitivities)[number];

/** How often a key is rotated, from what it protects; the portal's own policy. */
export const rotationDays: Readonly<Record<Sensitivity, number>> = {
  top_secret: 15,
  restricted: 30,
  confidential: 90,
  internal: 180,
};

/** Reads ciphertext columns to find out what they hold. Values never leave the process. */
export interface CiphertextScan {
  readonly database: DatabaseAccess;
  /** Read instead of the database; used for the columns only. */
  readonly replica?: DatabaseAccess;
  readonly intervalMs: number;
  /** Maximum rows per second. */
  readonly rowsPerSecond: number;
  readonly batchRows: number;
  /** Progress survives a restart here. */
  /** Another folder for its progress than the exporter's own. */
  readonly stateDirectory?: string;
  readonly columns: readonly ScannedColumn[];
}

export interface ScannedColumn {
  /** `schema.table`. */
  readonly table: string;
  readonly column: string;
  /** For a copy inside a jsonb document, such as an audit image: the path to the value. */
  readonly path?: readonly string[];
  readonly primaryKey: string;
  readonly format: CiphertextFormat;
  /** How a column of text writes bytes. */
  readonly encoding?: (typeof textEncodings)[number];
  /** Lengths that a plaintext can have, in bytes; for formats that do not contain a length. */
  readonly plaintextBytes?: { readonly min: number; readonly max: number };
  /** Whether equal ciphertexts are expected. Default: only where `path` points into an audit image of a row. */
  readonly deterministic?: boolean;
  /** The key whose versions are expected; for rotation progress. */
  readonly key?: string;
  readonly sensitivity: Sensitivity;
}

export const textEncodings = ['base64', 'hex'] as const;

export const ciphertextFormats = ['kingston-jsonb', 'transit', 'fernet', 'aws-esdk', 'ciphersweet', 'pgp'] as const;

export type CiphertextFormat =
  | { readonly kind: (typeof ciphertextFormats)[number] }
  | {
      readonly kind: 'regex';
      readonly pattern: string;
      /** Named groups `version`, `nonce` and `ciphertext` are used where the pattern has them. */
    };

/** Whether a regular expression has a group of this name. */
export function hasGroup(pattern: string, name: 'version' | 'nonce' | 'ciphertext'): boolean {
  return pattern.includes(`(?<${name}>`);
}

export const timingPresets = ['encryption_audit_log', 'encryption_performance_metrics', 'field_access_log'] as const;

/** Rows in which the portal recorded how long its own operations took. */
export interface TimingSource {
  readonly name: string;
  readonly preset: (typeof timingPresets)[number];
  readonly database: DatabaseAccess;
  readonly table: string;
}

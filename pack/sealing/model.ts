import type { SecretText } from '../secrets/secret.js';

/** The ways in which verification of a sealed log, or of what it covers, can fail. */
export const verificationKinds = ['signature', 'size', 'consistency', 'chunk', 'anchor', 'fork', 'missing'] as const;
export type VerificationKind = (typeof verificationKinds)[number];

/** Where copies of signed checkpoints are kept, out of reach of anyone who can rewrite the log. */
export type Anchor =
  | { readonly kind: 'directory'; readonly name: string; readonly directory: string }
  | {
      readonly kind: 's3';
      readonly name: string;
      readonly endpoint?: string;
      readonly region: string;
      readonly bucket: string;
      readonly prefix: string;
      readonly accessKeyId: SecretText;
      readonly secretAccessKey: SecretText;
      readonly retainDays: number;
    }
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly url: string;
      readonly token?: SecretText;
      readonly timeoutMs: number;
    };

/** Batch Merkle checkpoints, kept outside the database. */
export interface Seal {
  /** The checkpoint's origin line and the note key's name, for example `kingston.example/audit`. */
  readonly origin: string;
  /** PKCS#8 PEM Ed25519 private key, by reference. */
  readonly key: SecretText;
  readonly directory: string;
  readonly intervalMs: number;
  readonly maxRowsPerChunk: number;
  /** A full pass of re-verification must not take longer. */
  readonly verifyWithinMs: number;
  readonly anchors: readonly Anchor[];
}

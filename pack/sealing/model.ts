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

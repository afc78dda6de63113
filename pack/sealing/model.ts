import type { SecretText } from '../secrets/secret.js';

/** In what way a sealed log or what it covers can be found wrong. */
export const verificationKinds = ['signature', 'size', 'consistency', 'chunk', 'anchor', 'fork', 'missing'] as const;
export type VerificationKind = (typeof verificationKinds)[number];

/** Where signed checkpoints are kept beside the log, out of reach of whoever can rewrite it. */
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

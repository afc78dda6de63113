/** What people do on a portal, how fast it must be, and how that is measured. */
import type { StatusRange } from '../portal/model.js';
import type { SecretText, Text } from '../secrets/secret.js';

/** A journey of steps, judged as one run against one SLA, on each of its portals. */
export interface Workflow {
  readonly name: string;
  readonly title: string;
  readonly portals: readonly string[];
  readonly team: string;
  readonly tier: string;
  /** A run that takes longer, or fails, counts as missed. */
  readonly slaSeconds: number;
  readonly objective: string;
  readonly schedule: Schedule;
  readonly connection: 'fresh' | 'reuse';
  /** Send the credentials of the portal's `auth`, or of the identity. */
  readonly authenticated: boolean;
  /** One of the portal's identities. */
  readonly identity?: string;
  readonly steps: readonly Step[];
}

export interface Schedule {
  readonly intervalMs: number;
  /** A random share of the interval, 0..1, added to each start. */
  readonly jitterRatio: number;
  /** Time limit for the complete run, without logins. */
  readonly timeoutMs: number;
  /** Runs before the first counted one. */
  readonly warmupRuns: number;
}

/** Each kind is one file in `exporters/workflow/steps/`; the journey knows nothing of HTTP. */
export type Step = HttpStep;

export interface StepBase {
  readonly name: string;
  /** Longer than this, and the step fails with reason `budget`. */
  readonly budgetMs?: number;
  readonly timeoutMs?: number;
  /** Retries after a failure; they have a metric of their own. */
  readonly retries: number;
  readonly mutates: boolean;
}

export interface HttpStep extends StepBase {
  readonly kind: 'http';
  readonly method: string;
  /** Template below the portal's base URL, `{name}` for variables, in the underscore style. */
  readonly path: string;
  readonly query: Readonly<Record<string, Text>>;
  readonly headers: Readonly<Record<string, SecretText>>;
  /**
   * Texts of the JSON value that hold references are `SecretText`, numbers that JavaScript cannot hold `WrittenNumber`.
   */
  readonly body?:
    | { readonly kind: 'json'; readonly value: unknown }
    | { readonly kind: 'form'; readonly fields: Readonly<Record<string, Text>> };
  readonly extract: Readonly<Record<string, Extract>>;
  readonly expect: Expectation;
  readonly maxRedirects: number;
  readonly maxBodyBytes: number;
}

export type Extract =
  | { readonly from: 'json'; readonly path: string }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'cookie'; readonly name: string }
  | { readonly from: 'regex'; readonly pattern: string; readonly group: number };

export interface Expectation {
  /** Accepted statuses; a class such as 2xx is expanded to `{min: 200, max: 299}`. */
  readonly status: readonly StatusRange[];
  /** Other pages that redirects may end at, as in `expiredWhen.redirectsTo`. */
  readonly endsAt: readonly string[];
  readonly contentType?: string;
  readonly headers: Readonly<Record<string, { readonly matches: string }>>;
  readonly json: readonly JsonCondition[];
  readonly bodyMatches: readonly string[];
  readonly bodyNotMatches: readonly string[];
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly certificateDaysLeft?: number;
}

/** All given conditions must hold for the value(s) that the RFC 9535 path selects. */
export interface JsonCondition {
  readonly path: string;
  readonly exists?: boolean;
  readonly equals?: string | number | boolean | null;
  readonly oneOf?: readonly (string | number | boolean | null)[];
  readonly type?: 'string' | 'number' | 'boolean' | 'array' | 'object' | 'null';
  /** Numbers, and strings that hold a number. */
  readonly min?: number;
  readonly max?: number;
  readonly matches?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
}

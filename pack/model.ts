/**
 * The domain: what a portal promises, as the exporters, rules and dashboards see it.
 *
 * Every duration carries its unit in its name, every ratio is 0..1. Built by `resolve.ts` from a validated
 * `pack.yaml`; nothing here knows YAML.
 */
import type { AuditTrail } from './audit-trail/model.js';
import type { FieldEncryption } from './encryption/model.js';
import type { SecretText, Text } from './secrets/secret.js';

export * from './audit-trail/model.js';
export * from './encryption/model.js';

/** A whole description: one or several files, merged by name. */
export interface Pack {
  readonly portals: readonly Portal[];
  readonly workflows: readonly Workflow[];
  readonly objectives: readonly Objective[];
  readonly calendars: readonly Calendar[];
  readonly teams: readonly Team[];
  readonly severities: readonly Severity[];
  readonly alerting: Alerting;
  readonly auditTrails: readonly AuditTrail[];
  readonly encryption: readonly FieldEncryption[];
  readonly source: {
    readonly files: readonly string[];
    /** What an earlier file described and a later one removed, such as `workflows.search`. */
    readonly removed: readonly string[];
    readonly sha256: string;
  };
}

export type PathStyle = 'underscore' | 'kebab';

export interface Portal {
  readonly name: string;
  readonly title: string;
  /** Absolute, without a trailing slash, for example `http://intranet.kingston.local:8001`. */
  readonly baseUrl: string;
  readonly pathStyle: PathStyle;
  /** Path segments that keep their underscores under the `kebab` style. */
  readonly pathStyleExceptions: readonly string[];
  /** Values for `{name}` in paths, queries, headers and bodies, such as a sample client's id. */
  readonly variables: Readonly<Record<string, Text>>;
  readonly headers: Readonly<Record<string, SecretText>>;
  readonly auth: Auth;
  /** Further users by name; a workflow chooses one. */
  readonly identities: Readonly<Record<string, Auth>>;
  readonly tls: Tls;
  readonly network: Network;
  /** Steps with `mutates: true` run only where this is true. */
  readonly allowMutations: boolean;
  /** Path patterns (`*` = one segment) that no step may call, whatever its method. */
  readonly neverProbe: readonly string[];
  /** Whether a slash may stand in a segment of a path, as `%2F`. */
  readonly allowEncodedSlashes: boolean;
  readonly limits: PortalLimits;
}

export interface PortalLimits {
  /** Requests of ours in flight at once, those that are open beyond their deadline included. */
  readonly maxInFlight: number;
  /** After this long beyond its deadline a request is closed by us; the time doubles for a workflow with each in a row. */
  readonly abandonedAfterMs: number;
  /** `backoff` is written, which does nothing any more. */
  readonly ignoresBackoff?: true;
}

export interface Tls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly keyPassphrase?: SecretText;
  readonly serverName?: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Accept any certificate. Shown on the landing page, because then nobody checks who answers. */
  readonly insecureSkipVerify: boolean;
}

export interface Network {
  readonly ipPreference: 'any' | 'ipv4' | 'ipv6' | 'ipv4-only' | 'ipv6-only';
  /** `environment` reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY; `none` connects directly. */
  readonly proxy: 'environment' | 'none';
  /** Offer HTTP/2 in the TLS handshake and use it where the server agrees. */
  readonly http2: boolean;
  /** Of an answer, all headers together. */
  readonly maxHeaderBytes: number;
  /** Origins beside the portal's own that a redirect may lead to; a probe goes nowhere that is not configured. */
  readonly redirectOrigins: readonly string[];
}

export type Auth = { readonly kind: 'none' } | BasicAuth | HeaderAuth | LoginAuth | FormAuth | OidcAuth | OAuth2Auth;

interface WithExpiry {
  readonly expiredWhen?: ExpiredWhen;
}

/** Signs beside the statuses 401 and 403 that a session has ended. */
export interface ExpiredWhen {
  readonly status: readonly StatusRange[];
  /** Paths of the portal, or whole addresses; `*` within a segment, `**` for everything below. */
  readonly redirectsTo: readonly string[];
  readonly bodyMatches: readonly string[];
}

/** Both bounds included. */
export interface StatusRange {
  readonly min: number;
  readonly max: number;
}

export interface BasicAuth extends WithExpiry {
  readonly kind: 'basic';
  readonly username: SecretText;
  readonly password: SecretText;
}

export interface HeaderAuth extends WithExpiry {
  readonly kind: 'header';
  readonly header: string;
  readonly value: SecretText;
}

/** A login request whose cookies, and optionally a token, authenticate later requests. */
export interface LoginAuth extends WithExpiry {
  readonly kind: 'login';
  readonly path: string;
  readonly method: 'POST' | 'PUT';
  readonly encoding: 'json' | 'form';
  readonly fields: Readonly<Record<string, SecretText>>;
  readonly expectStatus: number;
  /** Where a bearer token is found; without it the cookie jar alone authenticates. */
  readonly token?:
    | { readonly from: 'json'; readonly path: string }
    | { readonly from: 'cookie'; readonly name: string };
  /** Fetched first. */
  readonly csrf?: Csrf;
  /** Sent with the second step where there is one. */
  readonly totp?: Totp & { readonly field: string };
  readonly secondStep?: SecondStep;
  readonly logout?: Logout;
  /** Log in again after this long even when nothing refused us. */
  readonly lifetimeMs: number;
  /** For all requests of the login together. */
  readonly timeoutMs: number;
}

/** A request after the login's first, whose fields may come from its answer. */
export interface SecondStep {
  readonly path: string;
  readonly method: 'POST' | 'PUT';
  readonly encoding: 'json' | 'form';
  readonly fields: Readonly<Record<string, SecretText>>;
  /** RFC 9535 paths in the first answer, by field. */
  readonly carry: Readonly<Record<string, string>>;
  readonly expectStatus: number;
}

/** Where a CSRF token is found, and what carries it. */
export interface Csrf {
  readonly path: string;
  readonly from: { readonly kind: 'input' | 'meta' | 'cookie' | 'header' | 'json'; readonly name: string };
  readonly to: { readonly kind: 'field' | 'header'; readonly name: string };
}

/** One-time codes of RFC 6238. */
export interface Totp {
  /** Base32, or an `otpauth://totp` address. */
  readonly secret: SecretText;
  readonly algorithm: 'SHA1' | 'SHA256' | 'SHA512';
  readonly digits: number;
  readonly periodSeconds: number;
}

export interface Logout {
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly csrf?: Csrf;
  readonly expectStatus: readonly StatusRange[];
}

/** A form of a page, and what is filled into it. */
export interface LoginForm {
  readonly fields: Readonly<Record<string, SecretText>>;
  /** Field that takes a one-time code. */
  readonly totp?: string;
}

/** Forms of HTML pages, one after the other; cookies authenticate later requests. */
export interface FormAuth extends WithExpiry {
  readonly kind: 'form';
  readonly path: string;
  readonly forms: readonly LoginForm[];
  readonly totp?: Totp;
  /** Pages that only a successful login ends at; empty: any without the form. */
  readonly endsAt: readonly string[];
  readonly logout?: Logout;
  readonly lifetimeMs: number;
  readonly timeoutMs: number;
}

/** OpenID Connect: authorization code with PKCE. */
export interface OidcAuth extends WithExpiry {
  readonly kind: 'oidc';
  readonly issuer: string;
  readonly clientId: SecretText;
  readonly clientSecret?: SecretText;
  readonly clientAuthentication: 'basic' | 'body';
  readonly redirectUri: string;
  readonly scope: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly forms: readonly LoginForm[];
  readonly totp?: Totp;
  readonly logout: boolean;
  readonly timeoutMs: number;
}

export interface OAuth2Auth extends WithExpiry {
  readonly kind: 'oauth2';
  readonly tokenUrl: string;
  readonly clientId: SecretText;
  readonly clientSecret: SecretText;
  readonly scope?: string;
  readonly audience?: string;
  readonly clientAuthentication: 'basic' | 'body';
  readonly timeoutMs: number;
}

/** A journey of steps, judged as one run against one SLA, on each of its portals. */
export interface Workflow {
  readonly name: string;
  readonly title: string;
  readonly portals: readonly string[];
  readonly team: string;
  readonly tier: string;
  /** A run that takes longer, or fails, has missed. */
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
  /** The whole run, logins left out. */
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
  /** Further tries after a failure; each is counted in a metric of its own. */
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
  /** Texts of the JSON value that hold references are `SecretText`, numbers that JavaScript cannot hold `WrittenNumber`. */
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

export interface Objective {
  readonly name: string;
  readonly title: string;
  /** Share of good runs promised, 0..1. */
  readonly targetRatio: number;
  readonly periodDays: number;
}

export interface Calendar {
  readonly name: string;
  readonly timeZone: string;
  /** ISO weekdays, 1 = Monday. */
  readonly weekdays: readonly number[];
  /** Local minutes of the day, opening inclusive, closing exclusive. Closing before opening: on the next day. */
  readonly opensMinute: number;
  readonly closesMinute: number;
  /** A shipped table of bank holidays, such as `england-and-wales`. */
  readonly holidays?: string;
  /** ISO date to open or closed; wins over everything else. */
  readonly overrides: Readonly<Record<string, 'open' | 'closed'>>;
}

export interface Team {
  readonly name: string;
  readonly title: string;
  readonly contact?: string;
}

/** One row of the severity matrix: our priority word, and the mixin word that existing routing trees know. */
export interface Severity {
  readonly priority: 'critical' | 'high' | 'medium' | 'low';
  readonly severity: 'critical' | 'warning' | 'info';
  readonly respondWithinSeconds: number;
}

export interface Alerting {
  /** A burn alert needs at least this many missed runs in its long window. */
  readonly minimumMissedRuns: number;
  /** Series absent for this long count as no data. */
  readonly noDataForSeconds: number;
  /** Runs absent for this long, while the exporter is up, count as stalled. */
  readonly stalledForSeconds: number;
  readonly burn: readonly BurnWindow[];
  readonly runbookBaseUrl: string;
  readonly dashboardBaseUrl: string;
}

export interface BurnWindow {
  readonly name: string;
  readonly shortSeconds: number;
  readonly longSeconds: number;
  /** Multiple of the budget's even pace. */
  readonly factor: number;
  readonly priority: Severity['priority'];
}

/**
 * A portal and who logs in to it, as exporters see them. Every duration carries its unit in its name.
 */
import type { SecretText, Text } from '../secrets/secret.js';

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
  /** Most requests of the exporter in progress at once, including those that are open beyond their deadline. */
  readonly maxInFlight: number;
  /** A request is closed this long after its deadline; the time doubles for a workflow with each consecutive one. */
  readonly abandonedAfterMs: number;
  /** `backoff` is given, which has no effect any more. */
  readonly ignoresBackoff?: true;
}

export interface Tls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly keyPassphrase?: SecretText;
  readonly serverName?: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Accept any certificate. Shown on the landing page, because then the server is not authenticated. */
  readonly insecureSkipVerify: boolean;
}

export interface Network {
  readonly ipPreference: 'any' | 'ipv4' | 'ipv6' | 'ipv4-only' | 'ipv6-only';
  /** `environment` reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY; `none` connects directly. */
  readonly proxy: 'environment' | 'none';
  /** Offer HTTP/2 in the TLS handshake and use it where the server agrees. */
  readonly http2: boolean;
  /** Limit for all headers of an answer together. */
  readonly maxHeaderBytes: number;
  /** Origins other than the portal's own that redirects may go to; a probe contacts only configured origins. */
  readonly redirectOrigins: readonly string[];
}

export type Auth = { readonly kind: 'none' } | BasicAuth | HeaderAuth | LoginAuth | FormAuth | OidcAuth | OAuth2Auth;

interface WithExpiry {
  readonly expiredWhen?: ExpiredWhen;
}

/** Signs that a session has ended, in addition to the statuses 401 and 403. */
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
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly encoding: 'json' | 'form';
  readonly fields: Readonly<Record<string, SecretText>>;
  readonly expectStatus: number;
  /** Where a bearer token is found; without it, cookies alone authenticate. */
  readonly token?:
    | { readonly from: 'json'; readonly path: string }
    | { readonly from: 'cookie'; readonly name: string };
  /** Fetched first. */
  readonly csrf?: Csrf;
  /** Sent with the second step if there is one. */
  readonly totp?: Totp & { readonly field: string };
  readonly secondStep?: SecondStep;
  readonly logout?: Logout;
  /** Log in again after this long, even when no request was refused. */
  readonly lifetimeMs: number;
  /** Time limit for all requests of the login together. */
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

/** A form of a page, and the values for its fields. */
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
  /** Pages that only a successful login ends at; empty: any page without the form. */
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

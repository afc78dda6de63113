import { SecretText } from '../../../../pack/secrets/secret.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import type { LoginResult } from '../step-failure.js';
import { Cookies } from './cookies.js';
import { anonymousSigns, type ExpirySigns } from './expiry.js';
import type { Grant } from './grant.js';

/** The user as which a run sends requests. */
export interface Credentials {
  /**
   * Ensures that there are valid credentials, and logs in if necessary; this time does not count for the step.
   * @throws {StepFailure} `auth`, or why the login request failed.
   */
  prepare(signal: Cancellation): Promise<Grant>;
  /**
   * Discards a grant that the portal did not accept. @returns whether a retry with another grant could help.
   *
   * @param asker the route that was refused: a route that refuses every grant must not cause a login each time.
   */
  renew(refused: Grant, asker: string): boolean;
  /** Whether the other grant was accepted. */
  learn(asker: string, accepted: boolean): void;
  /** How the portal shows that it no longer accepts the credentials. */
  readonly signs: ExpirySigns;
  /** Logins that have ended since the last call. */
  takeLogins(): readonly LoginResult[];
  /** Cookies, and the authorization for the portal's own origin. */
  headersFor(url: URL): Record<string, string>;
  remember(url: URL, setCookie: readonly string[] | undefined): void;
  cookie(url: URL, name: string): string | undefined;
  /** The only way to a secret's value: the value is first added to the redactor. */
  reveal(secret: SecretText): string;
}

export function revealer(redactor: Redactor): (secret: SecretText) => string {
  // For `Bearer ${env:TOKEN}` only the token is hidden, everywhere.
  return (secret) =>
    secret.parts
      .map((part) => {
        if (part.kind === 'text') return part.text;
        const value = new SecretText([part]).reveal();
        redactor.add(value);
        return value;
      })
      .join('');
}

const nothing: Grant = { headers: {}, lifetimeMs: Number.POSITIVE_INFINITY };

/** A run without a user: it sends only the cookies that it received. */
export function anonymous(redactor: Redactor): Credentials {
  const cookies = new Cookies();
  return {
    prepare: () => Promise.resolve(nothing),
    renew: () => false,
    learn: () => {},
    signs: anonymousSigns,
    takeLogins: () => [],
    headersFor: (url) => cookieHeader(cookies, url),
    remember: (url, setCookie) => cookies.store(url, setCookie),
    cookie: (url, name) => cookies.value(url, name),
    reveal: revealer(redactor),
  };
}

export function cookieHeader(cookies: Cookies, url: URL): Record<string, string> {
  const cookie = cookies.header(url);
  return cookie === undefined ? {} : { cookie };
}

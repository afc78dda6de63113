import { SecretText } from '../../../../pack/secrets/secret.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import type { LoginResult } from '../step-failure.js';
import { Cookies } from './cookies.js';
import { anonymousSigns, type ExpirySigns } from './expiry.js';
import type { Grant } from './grant.js';

/** Who a run is to the portal. */
export interface Credentials {
  /**
   * Makes sure that there is something to authenticate with, logging in if need be; the time this takes is not the
   * step's. @throws {StepFailure} `auth`, or why the portal could not be asked.
   */
  prepare(signal: Cancellation): Promise<Grant>;
  /**
   * Throws away a grant that the portal did not accept. @returns whether asking again, with another one, could help.
   *
   * @param asker who was refused: a route that refuses every grant must not make us log in each time.
   */
  renew(refused: Grant, asker: string): boolean;
  /** Whether the other grant was accepted. */
  learn(asker: string, accepted: boolean): void;
  /** How the portal says that it no longer accepts what it was sent. */
  readonly signs: ExpirySigns;
  /** Logins that have ended since this was last asked. */
  takeLogins(): readonly LoginResult[];
  /** Cookies, and for the portal's own origin the authorization. */
  headersFor(url: URL): Record<string, string>;
  remember(url: URL, setCookie: readonly string[] | undefined): void;
  cookie(url: URL, name: string): string | undefined;
  /** The only way to a secret's value: it makes sure that the value is hidden on every outlet first. */
  reveal(secret: SecretText): string;
}

export function revealer(redactor: Redactor): (secret: SecretText) => string {
  // Of `Bearer ${env:TOKEN}` the token alone is hidden, wherever else it stands.
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

/** A fresh visitor: nothing to send but the cookies that this run was given. */
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

import type { Auth, Totp } from '../../../../pack/index.js';
import type { Grant, LoginTools } from './grant.js';
import { logIn } from './login.js';
import { fetchToken } from './oauth2.js';

/** A rotated secret file is read within a minute. */
const REREAD_SECRETS_AFTER_MS = 60_000;

/**
 * One line for each kind of credentials. Kinds that need a parser or a protocol are loaded when needed: most portals do
 * not need them. @throws {StepFailure}
 */
export async function obtain(auth: Auth, tools: LoginTools): Promise<Grant> {
  switch (auth.kind) {
    case 'none':
      return { headers: {}, lifetimeMs: Number.POSITIVE_INFINITY };
    case 'basic': {
      const pair = `${tools.reveal(auth.username)}:${tools.reveal(auth.password)}`;
      const encoded = Buffer.from(pair).toString('base64');
      tools.redactor.add(encoded);
      return { headers: { authorization: `Basic ${encoded}` }, lifetimeMs: REREAD_SECRETS_AFTER_MS };
    }
    case 'header':
      return {
        headers: { [auth.header.toLowerCase()]: tools.reveal(auth.value) },
        lifetimeMs: REREAD_SECRETS_AFTER_MS,
      };
    case 'login':
      return logIn(auth, tools);
    case 'form':
      return (await import('./form-login.js')).logInByForm(auth, tools);
    case 'oidc':
      return (await import('./oidc.js')).logInWithOidc(auth, tools);
    case 'oauth2':
      return fetchToken(auth, tools);
  }
}

/** The other kinds send configured values; they need no request to the portal. */
export function hasLogin({ kind }: Auth): boolean {
  return kind !== 'none' && kind !== 'basic' && kind !== 'header';
}

export function totpOf(auth: Auth): Totp | undefined {
  return auth.kind === 'login' || auth.kind === 'form' || auth.kind === 'oidc' ? auth.totp : undefined;
}

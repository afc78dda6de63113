import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import type {
  Auth,
  Csrf,
  ExpiredWhen,
  FormAuth,
  LoginAuth,
  LoginForm,
  Logout,
  OidcAuth,
  SecondStep,
  Totp,
} from './model.js';
import type { ParsedAuth, ParsedExpiry, ParsedIdentity } from './schema/auth.js';

type Parsed<Kind extends ParsedAuth['kind']> = Extract<ParsedAuth, { kind: Kind }>;

/** How a user logs in. @param path of the section, to which references in files are relative. */
export function resolveAuth(auth: ParsedAuth | ParsedIdentity, path: KeyPath, places: Places): Auth {
  const secret = (key: string, written: string) => places.secret([...path, key], written);
  switch (auth.kind) {
    case 'none':
      return { kind: 'none' };
    case 'basic':
      return {
        kind: 'basic',
        username: secret('username', auth.username),
        password: secret('password', auth.password),
        ...expiry(auth.expiredWhen),
      };
    case 'header':
      return {
        kind: 'header',
        header: auth.header,
        value: secret('value', auth.value),
        ...expiry(auth.expiredWhen),
      };
    case 'login':
      return resolveLogin(auth, path, places);
    case 'form':
      return resolveForm(auth, path, places);
    case 'oidc':
      return resolveOidc(auth, path, places);
    case 'oauth2': {
      const { timeout, clientId, clientSecret, expiredWhen, ...rest } = auth;
      return {
        ...rest,
        clientId: secret('clientId', clientId),
        clientSecret: secret('clientSecret', clientSecret),
        timeoutMs: timeout,
        ...expiry(expiredWhen),
      };
    }
  }
}

function resolveLogin(auth: Parsed<'login'>, path: KeyPath, places: Places): LoginAuth {
  const { lifetime, timeout, fields, token, expiredWhen, csrf, totp, secondStep, logout, ...rest } = auth;
  return {
    ...rest,
    fields: places.secrets([...path, 'fields'], fields),
    ...tokenSource(token),
    ...(csrf === undefined ? {} : { csrf: resolveCsrf(csrf) }),
    ...(totp === undefined ? {} : { totp: { ...resolveTotp(totp, path, places), field: totp.field } }),
    ...(secondStep === undefined ? {} : { secondStep: resolveSecond(secondStep, path, places) }),
    ...resolveLogout(logout, csrf),
    lifetimeMs: lifetime,
    timeoutMs: timeout,
    ...expiry(expiredWhen),
  };
}

function resolveForm(auth: Parsed<'form'>, path: KeyPath, places: Places): FormAuth {
  const { lifetime, timeout, expiredWhen, forms, totp, logout, ...rest } = auth;
  return {
    ...rest,
    forms: resolveForms(forms, path, places),
    ...(totp === undefined ? {} : { totp: resolveTotp(totp, path, places) }),
    ...resolveLogout(logout),
    lifetimeMs: lifetime,
    timeoutMs: timeout,
    ...expiry(expiredWhen),
  };
}

function resolveOidc(auth: Parsed<'oidc'>, path: KeyPath, places: Places): OidcAuth {
  const { timeout, expiredWhen, clientId, clientSecret, forms, totp, ...rest } = auth;
  return {
    ...rest,
    clientId: places.secret([...path, 'clientId'], clientId),
    ...(clientSecret === undefined ? {} : { clientSecret: places.secret([...path, 'clientSecret'], clientSecret) }),
    forms: resolveForms(forms, path, places),
    ...(totp === undefined ? {} : { totp: resolveTotp(totp, path, places) }),
    timeoutMs: timeout,
    ...expiry(expiredWhen),
  };
}

function resolveForms(forms: Parsed<'form'>['forms'], path: KeyPath, places: Places): LoginForm[] {
  return forms.map(({ fields = {}, ...rest }, index) => ({
    ...rest,
    fields: places.secrets([...path, 'forms', index, 'fields'], fields),
  }));
}

function resolveSecond(
  { fields = {}, ...rest }: NonNullable<Parsed<'login'>['secondStep']>,
  path: KeyPath,
  places: Places,
): SecondStep {
  return { ...rest, fields: places.secrets([...path, 'secondStep', 'fields'], fields) };
}

function resolveTotp(totp: NonNullable<Parsed<'form'>['totp']>, path: KeyPath, places: Places): Totp {
  const { algorithm, digits, period } = totp;
  return {
    secret: places.secret([...path, 'totp', 'secret'], totp.secret),
    algorithm,
    digits,
    periodSeconds: period / 1000,
  };
}

/** @param csrf of the login; the logout uses it too unless it has its own. */
function resolveLogout(logout: Parsed<'form'>['logout'], csrf?: Parsed<'login'>['csrf']): { readonly logout?: Logout } {
  if (logout === undefined) return {};
  const { csrf: own = csrf, ...rest } = logout;
  return { logout: { ...rest, ...(own === undefined ? {} : { csrf: resolveCsrf(own) }) } };
}

function resolveCsrf({ path, from, to }: NonNullable<Parsed<'login'>['csrf']>): Csrf {
  const { input, meta, cookie, header, json = '' } = from;
  const target: Csrf['to'] =
    to.field === undefined ? { kind: 'header', name: to.header ?? '' } : { kind: 'field', name: to.field };
  const found = (kind: Csrf['from']['kind'], name: string): Csrf => ({ path, from: { kind, name }, to: target });
  if (input !== undefined) return found('input', input);
  if (meta !== undefined) return found('meta', meta);
  if (cookie !== undefined) return found('cookie', cookie);
  return header === undefined ? found('json', json) : found('header', header);
}

function expiry(written: ParsedExpiry | undefined): { readonly expiredWhen: ExpiredWhen } {
  const { status = [], redirectsTo = [], bodyMatches = [] } = written ?? {};
  return { expiredWhen: { status, redirectsTo, bodyMatches } };
}

function tokenSource(token: Parsed<'login'>['token']): Pick<LoginAuth, 'token'> {
  if (token?.json !== undefined) {
    return { token: { from: 'json', path: token.json } };
  }
  return token?.cookie === undefined ? {} : { token: { from: 'cookie', name: token.cookie } };
}

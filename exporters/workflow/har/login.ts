import { isPasswordName, plainReadingsOf, wordsOf } from '../../../pack/secrets/secret-shapes.js';
import { scalars } from './chain.js';
import { type FormField, type FormFields, fieldsOf } from './fields.js';
import { isHarmlessName } from './harmless.js';
import type { LoginAnswers } from './login-answers.js';
import { isOneTimeName } from './names.js';
import { isAuthorization, isCallback, type RecordedOidc, recordedOidc } from './oidc.js';
import { type HarEntry, isJson, jsonOf } from './read.js';
import { segmentsOf } from './route.js';

/** What a request with a password or a one-time code does; such a request never becomes a step. */
export type CredentialKind = 'login' | 'possible-login' | 'new-password' | 'one-time-code';

/** The recorded login in the form of `auth:`, with its recorded values. */
export type RecordedAuth =
  | {
      readonly kind: 'login';
      readonly path: string;
      readonly method: 'GET' | 'POST' | 'PUT';
      readonly encoding: 'json' | 'form';
      readonly fields: ReadonlyMap<string, string>;
      readonly status: number;
      readonly token?: { readonly json: string } | { readonly cookie: string };
    }
  | RecordedOidc
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'header'; readonly scheme: string; readonly value: string };

export function credentialsOf(request: HarEntry, answers: LoginAnswers): CredentialKind | undefined {
  if (isAuthorization(request)) return 'login';
  if (request.method === 'GET' || request.method === 'HEAD')
    return isCallback(request) || isLoginByQuery(request, answers) ? 'login' : undefined;
  const named = credentialsIn(request) ?? (isAssertion(request) ? 'login' : undefined);
  return named ?? (isPossibleLogin(request, answers) ? 'possible-login' : undefined);
}

/** The kind of request, judged by the names of its fields. */
function credentialsIn(request: HarEntry): CredentialKind | undefined {
  const { encoding, fields } = fieldsOf(request);
  const passwords = fields.filter(({ name }) => isPasswordName(name));
  if (passwords.some(({ name }) => isNewPassword(name))) return 'new-password';
  // An order as a guest sends an empty password, or `usePassword: false`. Values of file uploads are not read.
  if (passwords.some(({ value }) => encoding === 'other' || !isLeftEmpty(value)) || isTokenRequest(fields))
    return 'login';
  if (fields.some(({ name }) => isOneTimeName(name))) return 'one-time-code';
  return passwords.length > 0 ? 'possible-login' : undefined;
}

/** A password in a query alone may be one that is checked for its strength. */
function isLoginByQuery(request: HarEntry, answers: LoginAnswers): boolean {
  const { fields } = sentFields(request);
  return (
    request.method === 'GET' &&
    fields.some(({ name, value }) => isPasswordName(name) && !isLeftEmpty(value)) &&
    !fields.some(({ name }) => isPasswordName(name) && isNewPassword(name)) &&
    (isCalledLogin(request, fields) || answers.startsSession(request))
  );
}

/** The fields of the body; of a GET, those of the query. */
function sentFields(request: HarEntry): FormFields {
  if (request.method !== 'GET') return fieldsOf(request);
  const fields = [...request.url.searchParams].map(([name, value]) => ({ name, value, isNested: false }));
  return { encoding: 'form', fields };
}

function isLeftEmpty(value: string): boolean {
  return /^(|null|true|false)$/.test(value);
}

/** A token request of OAuth 2.0. A client secret alone is not one: payments also have one, for confirmation. */
function isTokenRequest(fields: readonly FormField[]): boolean {
  const sent = new Map(fields.map(({ name, value, isNested }) => [isNested ? '' : wordsOf(name).join('-'), value]));
  const isGrant = /^(password|client_credentials|refresh_token|urn:.*)$/.test(sent.get('grant-type') ?? '');
  return isGrant || sent.has('refresh-token') || (sent.has('client-id') && sent.has('client-secret'));
}

const loginWords = /^(log-?(in|on)|sign-?in|authenticate|create-session|token-auth)$/;

/**
 * Whether its path or its answer looks like a login. An order or a payment can look the same, so it never becomes
 * `auth:`, which is sent at each login regardless of `mutates`; and a login must not become a step.
 */
function isPossibleLogin(request: HarEntry, answers: LoginAnswers): boolean {
  const { fields } = fieldsOf(request);
  return isCallback(request) || (fields.length > 0 && isCalledLogin(request, fields)) || answers.isLogin(request);
}

/** Judged by the last word of its path, the JSON-RPC method, or the name of a GraphQL mutation. */
function isCalledLogin({ url }: HarEntry, fields: readonly FormField[]): boolean {
  const called = fields.flatMap(({ name, value }) => {
    if (name === 'method') return [value.split(/[./]/).at(-1) ?? ''];
    return /^\s*mutation\b/.test(value) ? [...value.matchAll(/([A-Za-z]\w*)\s*\(/g)].map(([, word]) => word ?? '') : [];
  });
  return [url.pathname.split('/').findLast((segment) => segment !== '') ?? '', ...called].some((name) =>
    loginWords.test(wordsOf(name).join('-')),
  );
}

/** A value that a provider issued for one login: by SAML or WS-Federation, or a posted code or token. */
function isAssertion(request: HarEntry): boolean {
  return fieldsOf(request).fields.some(({ name }) => /^(SAMLResponse|wresult|id_token)$/i.test(name));
}

/** A request with a new or a repeated password changes a password and is not a login. */
function isNewPassword(name: string): boolean {
  return plainReadingsOf(name)
    .flat()
    .some((word) =>
      /^(new|old|curr?(ent)?|prev(ious)?|confirm(ed|ation)?|repeat(ed)?|retype[d]?|again|verify)$/.test(word),
    );
}

/**
 * How the recording logged in to the portal of this origin: by its first successful login, or by credentials in
 * requests.
 *
 * @returns undefined where the recording does not show it; a sentence where it shows one that cannot be written.
 */
export function recordedAuth(
  entries: readonly HarEntry[],
  origin: string,
  answers: LoginAnswers,
): RecordedAuth | string | undefined {
  const oidc = recordedOidc(entries);
  if (oidc !== undefined) return oidc;
  const own = entries.filter(({ url }) => url.origin === origin);
  const sent = own.flatMap(({ requestHeaders }) => authorization(requestHeaders));
  const sends = ({ method, status }: HarEntry) => method !== 'GET' && status >= 200 && status < 400;
  if (own.some((entry) => sends(entry) && isAssertion(entry))) {
    return 'the login is not converted: the assertion that it sends (of SAML or the like) is good once; describe auth: of kind form';
  }
  const byName = (entry: HarEntry) =>
    entry.method === 'GET' ? isLoginByQuery(entry, answers) : credentialsIn(entry) === 'login';
  const login = own.find((entry) => entry.status >= 200 && entry.status < 400 && byName(entry));
  if (login !== undefined) return loginAuth(login, sent);
  const elsewhere = entries.find((entry) => entry.url.origin !== origin && byName(entry));
  if (elsewhere !== undefined) {
    return `the login went to ${elsewhere.url.host}, another site; describe it below auth: of the portal`;
  }
  const [first] = sent;
  if (first === undefined) return undefined;
  if (first.scheme.toLowerCase() === 'basic') {
    const [username = '', ...password] = Buffer.from(first.value, 'base64').toString('utf8').split(':');
    return { kind: 'basic', username, password: password.join(':') };
  }
  // Other schemes create a new value for each request, or the first word is part of the secret.
  return /^(bearer|token|api-?key)$/i.test(first.scheme)
    ? { kind: 'header', ...first }
    : 'the Authorization header is of a kind that auth: cannot write; describe it below auth: of the portal';
}

function authorization(headers: HarEntry['requestHeaders']): { scheme: string; value: string }[] {
  return headers.flatMap(({ name, value }) => {
    const [, scheme = '', rest = ''] = /^(\S+)\s+(\S.*)$/.exec(value) ?? [];
    return /^authorization$/i.test(name) && rest !== '' ? [{ scheme, value: rest.trim() }] : [];
  });
}

function loginAuth(login: HarEntry, sent: readonly { scheme: string; value: string }[]): RecordedAuth | string {
  const { encoding, fields } = sentFields(login);
  if (encoding === 'other') return 'the login sends neither JSON nor a form, which auth: cannot write';
  if (fields.some(({ isNested }) => isNested))
    return 'the login sends fields inside of fields, which auth: cannot write';
  if (login.method !== 'GET' && login.method !== 'POST' && login.method !== 'PUT')
    return `the login is a ${login.method}, which auth: cannot write`;
  const segments = segmentsOf(login.url.pathname);
  const names = [...segments.map(({ plain }) => plain), ...fields.map(({ name }) => name)];
  if (segments.some(({ isSecret }) => isSecret) || !names.every((name) => name === '' || isHarmlessName(name)))
    return 'the login has what may be a secret in its path or in the name of a field, which auth: cannot write';
  const token = tokenOf(login, new Set(sent.map(({ value }) => value)));
  return {
    kind: 'login',
    path: login.url.pathname,
    method: login.method,
    encoding,
    fields: new Map(fields.filter(({ value }) => value !== '').map(({ name, value }) => [name, value])),
    status: login.status,
    ...(token === undefined ? {} : { token }),
  };
}

/** Where the answer contains the value that later requests sent; or, if that was removed, a value named token. */
function tokenOf(login: HarEntry, sent: ReadonlySet<string>): { json: string } | { cookie: string } | undefined {
  const values = isJson(login.mimeType) ? [...scalars(jsonOf(login.body), '$', '', '')] : [];
  const used = values.find(({ value }) => sent.has(String(value)));
  const called = values.find(
    ({ key, value }) =>
      /^(access|id|auth|session)?_?token$|^jwt$/i.test(key) && typeof value === 'string' && value !== '',
  );
  const cookie = used === undefined ? login.responseCookies.find(({ value }) => sent.has(value)) : undefined;
  if (cookie !== undefined && isHarmlessName(cookie.name)) return { cookie: cookie.name };
  const found = used ?? (login.responseCookies.length === 0 ? called : undefined);
  return found === undefined ? undefined : { json: found.path };
}

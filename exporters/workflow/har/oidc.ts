import { isPasswordName, wordsOf } from '../../../pack/secrets/secret-shapes.js';
import { fieldsOf } from './fields.js';
import { isHarmless, isHarmlessName } from './harmless.js';
import { isOneTimeName } from './names.js';
import { type HarEntry, isJson, jsonOf } from './read.js';
import { segmentsOf } from './route.js';

/** An OpenID Connect login in the form of `auth:` of kind oidc, with the typed values. */
export interface RecordedOidc {
  readonly kind: 'oidc';
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly forms: readonly ReadonlyMap<string, string>[];
}

/** The authorization request of the code flow, to which the browser was redirected to log in. */
export function isAuthorization({ url, method }: HarEntry): boolean {
  const { searchParams } = url;
  return (
    method === 'GET' &&
    /\bcode\b/.test(searchParams.get('response_type') ?? '') &&
    searchParams.has('client_id') &&
    searchParams.has('redirect_uri')
  );
}

/** The redirect back to the portal, with a code that is valid for one login. */
export function isCallback({ url }: HarEntry): boolean {
  const code = url.searchParams.get('code') ?? '';
  return url.searchParams.has('state') && !isHarmless('code', code);
}

/**
 * How the recorded user logged in at a provider.
 *
 * @returns undefined where the recording shows no such login; a sentence where it shows one that cannot be written.
 */
export function recordedOidc(entries: readonly HarEntry[]): RecordedOidc | string | undefined {
  const start = entries.findIndex(isAuthorization);
  const authorization = entries[start];
  if (authorization === undefined) {
    return entries.some((entry) => isCallback(entry) || isCodeExchange(entry))
      ? 'the login by OpenID Connect is not converted: its beginning was not recorded; describe auth: of kind oidc'
      : undefined;
  }
  const { url } = authorization;
  const no = (why: string) => `the login by OpenID Connect at ${url.host} is not converted: ${why}`;
  const rest = entries.slice(start + 1);
  const exchange = rest.find(isCodeExchange);
  if (exchange === undefined) {
    return no(
      'the browser did not exchange the code for a token, so the server of the portal did; describe auth: of kind form, ' +
        `with ${url.origin} in network.redirectOrigins`,
    );
  }
  const issuer = issuerOf(entries, exchange, url);
  if (issuer === undefined) return no('the recording does not name the issuer; describe auth: of kind oidc');
  const posts = rest
    .slice(0, rest.indexOf(exchange))
    .filter((entry) => entry.method === 'POST' && entry.url.origin === url.origin);
  if (posts.some((post) => fieldsOf(post).fields.some(({ name, value }) => isOneTimeName(name) && value !== ''))) {
    return no('it asks for a one-time code; describe auth: of kind oidc, with totp:');
  }
  const forms = posts.map(typedFields).filter((fields) => fields.size > 0);
  if (forms.length === 0) {
    return no('no form with a user name or a password was recorded; describe auth: of kind oidc');
  }
  const redirectUri = plainUrl(url.searchParams.get('redirect_uri') ?? '');
  if (redirectUri === undefined) return no('its redirect address may hold a secret; describe auth: of kind oidc');
  const scope = url.searchParams.get('scope') ?? '';
  return {
    kind: 'oidc',
    issuer,
    clientId: url.searchParams.get('client_id') ?? '',
    redirectUri,
    scope: isHarmless('scope', scope) ? scope : '',
    forms,
  };
}

function isCodeExchange(entry: HarEntry): boolean {
  const isGrant = fieldsOf(entry).fields.some(
    ({ name, value }) => name === 'grant_type' && value === 'authorization_code',
  );
  return isGrant && entry.status >= 200 && entry.status < 300;
}

/** From the tokens, from the answer to the authorization, or from the address of the provider's metadata. */
function issuerOf(entries: readonly HarEntry[], exchange: HarEntry, authorization: URL): string | undefined {
  const answer = isJson(exchange.mimeType) ? jsonOf(exchange.body) : undefined;
  const tokens = typeof answer === 'object' && answer !== null ? Object.values(answer) : [];
  const candidates = [
    ...tokens.map(issuerOfToken),
    ...entries.filter(isCallback).map(({ url }) => url.searchParams.get('iss')),
    ...entries.map(({ url }) => /^(.*)\/\.well-known\/openid-configuration$/.exec(url.origin + url.pathname)?.[1]),
  ];
  return candidates.find(
    (candidate): candidate is string =>
      typeof candidate === 'string' &&
      plainUrl(candidate) !== undefined &&
      new URL(candidate).host === authorization.host,
  );
}

function issuerOfToken(token: unknown): unknown {
  const [, payload = ''] = typeof token === 'string' ? token.split('.') : [];
  const claims = jsonOf(Buffer.from(payload, 'base64url').toString('utf8'));
  return typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined;
}

/** A URL whose path is not a secret; the number of a tenant may be part of it. */
function plainUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password, search, hash, pathname } = new URL(text);
  const isPlain = /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
  return isPlain && segmentsOf(pathname).every(({ isSecret }) => !isSecret) ? text : undefined;
}

/** The values that a user types into the provider's form; the page fills in the rest. */
function typedFields(post: HarEntry): ReadonlyMap<string, string> {
  const { encoding, fields } = fieldsOf(post);
  const typed = fields.filter(
    ({ name, value }) => value !== '' && isHarmlessName(name) && (isPasswordName(name) || isUserName(name)),
  );
  return new Map(encoding === 'form' ? typed.map(({ name, value }) => [name, value]) : []);
}

function isUserName(name: string): boolean {
  return wordsOf(name).some((word) => /^(user(name|id)?|e?mail|login(fmt|name)?|identifier|account|upn)$/.test(word));
}

import { z } from 'zod';
import { jsonPath, url } from '../../reading/schema/patterns.js';
import { count, expected, flag, oneOf, section, text } from '../../reading/schema/say.js';
import { timeout } from '../../reading/schema/units.js';
import { pages } from './answers.js';
import { csrf, expiredWhen, lifetime, loginFields, loginForms, logout, totp, totpField } from './login-parts.js';
import { headerValue, path, requestHeaderName } from './requests.js';

const loginTimeout = () => timeout().prefault('10s').describe('Longest wait for a whole login. Default 10s.');

const none = section({
  kind: z.literal('none').describe('No credentials are sent.'),
});

const basic = section({
  kind: z.literal('basic').describe('HTTP Basic authentication.'),
  username: text().describe(`User name; may be a reference such as \${env:PROBE_USER}.`),
  password: text().describe(`Password, as a reference such as \${env:PROBE_PASSWORD} or \${file:probe-password}.`),
  expiredWhen: expiredWhen(),
});

const header = section({
  kind: z.literal('header').describe('A fixed header, such as an API key.'),
  header: requestHeaderName().prefault('Authorization').describe('Name of the header. Default Authorization.'),
  value: headerValue().describe(`Its value, with a reference in it, such as "Bearer \${env:PROBE_TOKEN}".`),
  expiredWhen: expiredWhen(),
});

const token = section({
  json: jsonPath().exactOptional().describe('JSON path of the token in the answer, such as $.access_token.'),
  cookie: text().exactOptional().describe('Name of the cookie that holds the token.'),
}).refine((given) => Object.keys(given).length === 1, { error: 'holds neither or both of json: and cookie:' });

const encoding = () => oneOf(['json', 'form']).prefault('json').describe('How the fields are sent. Default json.');
const loginMethod = () => oneOf(['POST', 'PUT']).prefault('POST').describe('Method of the login. Default POST.');
const firstLoginMethod = () =>
  oneOf(['GET', 'POST', 'PUT'])
    .prefault('POST')
    .describe(
      'Method of the login. With GET the fields are sent in the query, where logs may show them. Default POST.',
    );
const loginStatus = () => count(100, 599).prefault(200).describe('Status of a successful login. Default 200.');

const secondStep = section({
  path: path().describe('Path of the second request, below the base URL.'),
  method: loginMethod(),
  encoding: encoding(),
  fields: loginFields().exactOptional(),
  carry: z
    .record(text(), jsonPath(), { error: expected('a map of field names to JSON paths') })
    .prefault({})
    .describe('Fields that the answer to the first request gives, such as mfa_token: $.mfa_token.'),
  expectStatus: loginStatus(),
});

const login = section({
  kind: z
    .literal('login')
    .describe('A login request whose cookies, and optionally a token, authenticate later requests.'),
  path: path().describe('Path of the login, below the base URL.'),
  method: firstLoginMethod(),
  encoding: encoding(),
  fields: loginFields(),
  csrf: csrf()
    .exactOptional()
    .describe('CSRF token that is fetched first and sent with the login, its second step and its logout.'),
  totp: totpField()
    .exactOptional()
    .describe('One-time code (RFC 6238), sent with the second step where there is one, else with the login.'),
  secondStep: secondStep
    .exactOptional()
    .describe('A second request, which carries a one-time code. The token is then taken from its answer.'),
  expectStatus: loginStatus(),
  token: token.exactOptional().describe('Where a bearer token is found. Without it the cookies alone authenticate.'),
  lifetime: lifetime(),
  timeout: loginTimeout(),
  logout: logout(),
  expiredWhen: expiredWhen(),
});

const form = section({
  kind: z
    .literal('form')
    .describe('Forms of HTML pages, filled as a person fills them; cookies authenticate later requests.'),
  path: path().describe(
    'Page that shows the first form, or redirects to it; the portal may redirect to a provider that network.redirectOrigins lists.',
  ),
  forms: loginForms(),
  totp: totp().exactOptional().describe('One-time codes (RFC 6238) for the field that a form names.'),
  endsAt: pages()
    .prefault([])
    .describe('Pages that only a successful login ends at. Default: any page of the portal without the form.'),
  lifetime: lifetime(),
  timeout: loginTimeout(),
  logout: logout(),
  expiredWhen: expiredWhen(),
});

const oidc = section({
  kind: z
    .literal('oidc')
    .describe(
      'OpenID Connect: authorization code with PKCE, with the forms of the provider; the access token is sent as a bearer token.',
    ),
  issuer: url('full', 'https://login.example.com/realms/staff').describe(
    'Issuer. The endpoints of the provider are read from /.well-known/openid-configuration below it.',
  ),
  clientId: text().describe('Client id; may be a reference.'),
  clientSecret: text()
    .exactOptional()
    .describe(`Client secret, as a reference such as \${file:client-secret}. Default: a public client.`),
  clientAuthentication: oneOf(['basic', 'body'])
    .prefault('basic')
    .describe('Whether a client with a secret sends it in a header (basic) or in the body. Default basic.'),
  redirectUri: url('full', 'https://portal.example.com/callback').describe(
    'Redirect address that is registered for the client at the provider. It is never requested.',
  ),
  scope: text().prefault('openid').describe('Scopes, separated by blanks. Default openid.'),
  parameters: z
    .record(text(), text(), { error: expected('a map of parameter names to texts') })
    .prefault({})
    .describe('Further parameters of the authorization request, such as audience or acr_values.'),
  forms: loginForms(),
  totp: totp().exactOptional().describe('One-time codes (RFC 6238) for the field that a form names.'),
  timeout: loginTimeout(),
  logout: flag()
    .prefault(false)
    .describe(
      'End the session at the provider before the next one starts, and when the exporter stops. Default false.',
    ),
  expiredWhen: expiredWhen(),
});

const oauth2 = section({
  kind: z.literal('oauth2').describe('OAuth 2.0 client credentials (RFC 6749, section 4.4).'),
  tokenUrl: url('full', 'https://login.example.com/oauth2/token').describe('Token endpoint.'),
  clientId: text().describe('Client id; may be a reference.'),
  clientSecret: text().describe(`Client secret, as a reference such as \${file:client-secret}.`),
  scope: text().exactOptional().describe('Scopes, separated by blanks.'),
  audience: text().exactOptional().describe('Audience, for servers that require one.'),
  clientAuthentication: oneOf(['basic', 'body'])
    .prefault('basic')
    .describe('Whether the client sends its credentials in a header (basic) or in the body. Default basic.'),
  timeout: loginTimeout(),
  expiredWhen: expiredWhen(),
});

function oneKind<const Kinds extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]]>(
  variants: Kinds,
  names: string,
) {
  return z.discriminatedUnion('kind', variants, {
    error: (issue) => expected(issue.code === 'invalid_union' ? `one of ${names}` : `a map with a kind: of ${names}`),
  });
}

export const auth = oneKind(
  [none, basic, header, login, form, oidc, oauth2],
  'none, basic, header, login, form, oidc, oauth2',
);

/** Further users of a portal. A kind that sends no credentials would not be another user, so it is not allowed. */
export const identity = oneKind([basic, header, login, form, oidc, oauth2], 'basic, header, login, form, oidc, oauth2');

export type ParsedAuth = z.output<typeof auth>;
export type ParsedIdentity = z.output<typeof identity>;
export type ParsedExpiry = NonNullable<Extract<ParsedAuth, { kind: 'basic' }>['expiredWhen']>;

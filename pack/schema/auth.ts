import { z } from 'zod';
import { linearRegExp } from '../linear-regex.js';
import { pages, statuses } from './expectation.js';
import { headerValue, jsonPath, path, regex, requestHeaderName, url } from './patterns.js';
import { count, expected, oneOf, section, text } from './say.js';
import { duration, timeout } from './units.js';

const loginTimeout = () => timeout().prefault('10s').describe('Longest wait for the answer to a login. Default 10s.');

function saysSomething(pattern: string): boolean {
  try {
    return !linearRegExp(pattern).test('');
  } catch {
    return true; // Not a regular expression, which another check says better.
  }
}

const expiredWhen = () =>
  section({
    status: statuses.exactOptional().describe('Statuses beside 401 and 403, such as 440 or [419, 498].'),
    redirectsTo: pages()
      .exactOptional()
      .describe(
        'Pages that a portal sends those to whose session has ended, such as /login or https://login.example.com/**.',
      ),
    bodyMatches: z
      .array(regex().refine(saysSomething, { error: 'matches every page, a good one too' }), {
        error: expected('a list of regular expressions'),
      })
      .exactOptional()
      .describe('Regular expressions that only the body of a login page matches.'),
  })
    .refine((given) => Object.values(given).some((signs) => signs.length > 0), {
      error: 'names no sign; expected status:, redirectsTo: or bodyMatches:',
    })
    .exactOptional()
    .describe(
      'Signs beside the statuses 401 and 403 that the session has ended: the step then logs in anew and asks again, once.',
    );

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

const login = section({
  kind: z
    .literal('login')
    .describe('A login request whose cookies, and optionally a token, authenticate later requests.'),
  path: path().describe('Path of the login, below the base URL.'),
  method: oneOf(['POST', 'PUT']).prefault('POST').describe('Method of the login. Default POST.'),
  encoding: oneOf(['json', 'form']).prefault('json').describe('How the fields are sent. Default json.'),
  fields: z
    .record(text(), text(), { error: expected('a map of field names to texts') })
    .describe(`Fields of the login; passwords as references such as \${env:PROBE_PASSWORD}.`),
  expectStatus: count(100, 599).prefault(200).describe('Status of a successful login. Default 200.'),
  token: token.exactOptional().describe('Where a bearer token is found. Without it the cookies alone authenticate.'),
  lifetime: duration()
    .prefault('1h')
    .describe('Log in again after this long, even when nothing refused us. Default 1h.'),
  timeout: loginTimeout(),
  expiredWhen: expiredWhen(),
});

const oauth2 = section({
  kind: z.literal('oauth2').describe('OAuth 2.0 client credentials (RFC 6749, section 4.4).'),
  tokenUrl: url('full', 'https://login.example.com/oauth2/token').describe('Token endpoint.'),
  clientId: text().describe('Client id; may be a reference.'),
  clientSecret: text().describe(`Client secret, as a reference such as \${file:client-secret}.`),
  scope: text().exactOptional().describe('Scopes, separated by blanks.'),
  audience: text().exactOptional().describe('Audience, for servers that ask for one.'),
  clientAuthentication: oneOf(['basic', 'body'])
    .prefault('basic')
    .describe('Whether the client sends its credentials in a header (basic) or in the body. Default basic.'),
  timeout: loginTimeout(),
  expiredWhen: expiredWhen(),
});

const kinds = ['none', 'basic', 'header', 'login', 'oauth2'].join(', ');

export const auth = z.discriminatedUnion('kind', [none, basic, header, login, oauth2], {
  error: (issue) => expected(issue.code === 'invalid_union' ? `one of ${kinds}` : `a map with a kind: of ${kinds}`),
});

export type ParsedAuth = z.output<typeof auth>;
export type ParsedExpiry = NonNullable<Extract<ParsedAuth, { kind: 'basic' }>['expiredWhen']>;

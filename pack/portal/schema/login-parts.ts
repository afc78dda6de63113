/** What several kinds of logins share. */
import { z } from 'zod';
import { linearRegExp } from '../../reading/linear-regex.js';
import { jsonPath, regex } from '../../reading/schema/patterns.js';
import { count, expected, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, wholeSeconds } from '../../reading/schema/units.js';
import { pages, statuses } from './answers.js';
import { headerName, path, requestHeaderName } from './requests.js';

export const loginFields = () =>
  z
    .record(text(), text(), { error: expected('a map of field names to texts') })
    .describe(`Fields by name; passwords as references such as \${env:PROBE_PASSWORD}.`);

export const lifetime = () =>
  duration().prefault('1h').describe('Log in again after this long, even when no request was refused. Default 1h.');

function saysSomething(pattern: string): boolean {
  try {
    return !linearRegExp(pattern).test('');
  } catch {
    return true; // Not a regular expression; another check has a better message for it.
  }
}

export const expiredWhen = () =>
  section({
    status: statuses.exactOptional().describe('Statuses in addition to 401 and 403, such as 440 or [419, 498].'),
    redirectsTo: pages()
      .exactOptional()
      .describe(
        'Pages to which the portal redirects users whose session has ended, such as /login or https://login.example.com/**.',
      ),
    bodyMatches: z
      .array(regex().refine(saysSomething, { error: 'matches every page, a good one too' }), {
        error: expected('a list of regular expressions'),
      })
      .exactOptional()
      .describe('Regular expressions that match only the body of a login page.'),
  })
    .refine((given) => Object.values(given).some((signs) => signs.length > 0), {
      error: 'names no sign; expected status:, redirectsTo: or bodyMatches:',
    })
    .exactOptional()
    .describe(
      'Signs, in addition to the statuses 401 and 403, that the session has ended: the step then logs in again and repeats its request once.',
    );

const only = (...keys: readonly string[]) => ({ error: `needs exactly one of ${keys.join(', ')}` });
const one = (given: object) => Object.keys(given).length === 1;

const csrfSource = section({
  input: text().exactOptional().describe('Name of a field of a form on that page.'),
  meta: text().exactOptional().describe('Name of a <meta> of that page.'),
  cookie: text().exactOptional().describe('Name of a cookie that the answer sets.'),
  header: headerName().exactOptional().describe('Name of a header of the answer.'),
  json: jsonPath().exactOptional().describe('JSON path of the token in the answer.'),
}).refine(one, only('input:', 'meta:', 'cookie:', 'header:', 'json:'));

const csrfTarget = section({
  field: text().exactOptional().describe('Name of the field that carries it.'),
  header: requestHeaderName().exactOptional().describe('Name of the header that carries it.'),
}).refine(one, only('field:', 'header:'));

export const csrf = () =>
  section({
    path: path().describe('Page that contains the token; it is requested first.'),
    from: csrfSource.describe('Where the token is found.'),
    to: csrfTarget.describe('Where the token is sent.'),
  });

const secretOfTotp = {
  secret: text().describe(
    `Secret, as a reference such as \${file:probe-totp}: Base32, or the complete otpauth:// address of the QR code.`,
  ),
  algorithm: oneOf(['SHA1', 'SHA256', 'SHA512']).prefault('SHA1').describe('Hash function. Default SHA1.'),
  digits: count(6, 8).prefault(6).describe('Length of a code. Default 6.'),
  period: wholeSeconds().prefault('30s').describe('How long a code is valid. Default 30s.'),
};

/** For kinds where each form names the field for the code. */
export const totp = () => section(secretOfTotp);

/** For kinds with a single field for the code. */
export const totpField = () =>
  section({ ...secretOfTotp, field: text().describe('Name of the field that takes the code.') });

export const loginForms = () =>
  z
    .array(
      section({
        fields: loginFields().exactOptional(),
        totp: text().exactOptional().describe('Name of the field that takes the one-time code of totp:.'),
      }),
      { error: expected('a list of forms') },
    )
    .min(1, { error: expected('at least one form') })
    .describe(
      'Forms that are filled in and sent one after the other, in the order of the pages. Hidden fields are sent automatically; {} sends a form unchanged, for example a consent page.',
    );

export const logout = () =>
  section({
    path: path().describe('Path of the logout, below the base URL.'),
    method: oneOf(['GET', 'POST', 'PUT', 'DELETE']).prefault('POST').describe('Method of the logout. Default POST.'),
    csrf: csrf().exactOptional().describe('CSRF token that the logout needs.'),
    expectStatus: statuses.prefault(['2xx', '3xx']).describe('Statuses of a successful logout. Default [2xx, 3xx].'),
  })
    .exactOptional()
    .describe(
      'Ends a session before the next one starts, and when the exporter stops or no longer measures the portal. For portals that limit sessions.',
    );

import { isSensitiveName, plainReadingsOf, wordsOf } from '../../../pack/secrets/secret-shapes.js';
import { remembering } from './remembering.js';

/** Names that say something about a token, and end in what: `account_password` is one itself. */
const harmless = /(type|expires?([-_]?(in|at|on))?|expiry|max[-_]?age|count|length|required|enabled|valid|name)$/i;

/** What single sign-on and second factors send around beside tokens, and what banks ask for. */
const sensitiveParts = /csrf|xsrf|assertion|signature|saml|nonce|memorable|captcha/;

/** Whole words: `side` and `basket` are none of these. */
const sensitiveWords = new Set(
  (
    'sid ssid pin pins mfa tfa 2fa ssn nino iban ticket sig hmac digest passport dob birth birthday birthdate cred creds ' +
    'ccv ccnum acctnum tan itan sas webhook webhooks bsn nif dni cpf ein insee maiden'
  ).split(' '),
);

/** Words in a row, wherever in the name. */
const sensitivePhrases =
  /(^|-)((app|application)-?id|(user|client|dev|device|partner|merchant|root|admin|site|host|public)-?keys?|pass-?(no|number)|(code|safe|mem|memory|magic|security|secret)-?words?|code-(verifier|challenge)|verification-code|security-code|(card|account|routing|phone|mobile|passport|insurance|ni|acct|cc|vat|licence|license)-(number|no|num|nr)|(national|tax)-(id|number)|sort-code|magic-link|invite-code|reset-code)(-|$)/;

/** Only where they are all of the name: `auth_method` is something else. */
const sensitiveAlone = /^(x-)?(auth|cardnumber|phrase)$/;

/** Last words of names that lead to one person: `toPhone`, `from_account2`. */
const personal =
  /^(user|username|login|surname|lastname|firstname|fullname|address|street|postcode|postal|zip|phone|mobile|cell|tel|telephone|fax|msisdn|email|account|acct|card|bic|swift|sortcode|pan)\d*$/;

/** Whether a field, header or parameter of this name holds what must not be written down: all that the pack refuses. */
export const isSecretName = remembering((name) => {
  if (isSensitiveName(name)) return true;
  return !harmless.test(name) && [wordsOf(name), ...plainReadingsOf(name)].some(areSensitive);
});

function areSensitive(words: readonly string[]): boolean {
  const spelled = words.join('-');
  return (
    sensitiveParts.test(spelled) ||
    words.some((word) => sensitiveWords.has(word)) ||
    sensitivePhrases.test(spelled) ||
    sensitiveAlone.test(spelled)
  );
}

/** Whether it leads to one person, which is no secret of the portal and none of ours to write down. */
export const isPersonalName = remembering((name) => {
  const words = wordsOf(name);
  return personal.test(words.at(-1) ?? '') || /(^|-)(first|last|full|middle|family|given)-name$/.test(words.join('-'));
});

/**
 * The name that a field has for its neighbours, where it is that of a secret: `{ name: 'password', value: 'x' }` is one
 * field written as two.
 */
export function nameFor(key: string, siblings: Iterable<readonly [string, unknown]>): string {
  if (isNaming(key)) return key;
  for (const [other, value] of siblings) {
    if (isNaming(other) && typeof value === 'string' && isSecretName(value)) return value;
  }
  return key;
}

function isNaming(key: string): boolean {
  return /^(name|key|field|id|param(eter)?|property|label|type)$/i.test(key);
}

/** Whether it is a code that is good for one login only. */
export function isOneTimeName(name: string): boolean {
  const words = wordsOf(name);
  return (
    words.some((word) => ['otp', 'totp', 'mfa', 'tfa', '2fa'].includes(word)) ||
    /(^|-)(one-time|(verification|auth|login)-code)(-|$)/.test(words.join('-'))
  );
}

import { isSensitiveName, plainReadingsOf, wordsOf } from '../../../pack/secrets/secret-shapes.js';
import { remembering } from './remembering.js';

/** Last words of names that describe a token without holding it; `account_password` holds one. */
const harmless = /(type|expires?([-_]?(in|at|on))?|expiry|max[-_]?age|count|length|required|enabled|valid|name)$/i;

/** Names that single sign-on, second factors and banks use for secrets other than tokens. */
const sensitiveParts = /csrf|xsrf|assertion|signature|saml|nonce|memorable|captcha/;

/** Complete words only: `side` and `basket` do not match. */
const sensitiveWords = new Set(
  (
    'sid ssid pin pins mfa tfa 2fa ssn nino iban ticket sig hmac digest passport dob birth birthday birthdate cred creds ' +
    'ccv ccnum acctnum tan itan sas webhook webhooks bsn nif dni cpf ein insee maiden'
  ).split(' '),
);

/** Consecutive words, anywhere in the name. */
const sensitivePhrases =
  /(^|-)((app|application)-?id|(user|client|dev|device|partner|merchant|root|admin|site|host|public)-?keys?|pass-?(no|number)|(code|safe|mem|memory|magic|security|secret)-?words?|code-(verifier|challenge)|verification-code|security-code|(card|account|routing|phone|mobile|passport|insurance|ni|acct|cc|vat|licence|license)-(number|no|num|nr)|(national|tax)-(id|number)|sort-code|magic-link|invite-code|reset-code)(-|$)/;

/** Only as the complete name: `auth_method` is something else. */
const sensitiveAlone = /^(x-)?(auth|cardnumber|phrase)$/;

/** Last words of names that identify a person: `toPhone`, `from_account2`. */
const personal =
  /^(user|username|login|surname|lastname|firstname|fullname|address|street|postcode|postal|zip|phone|mobile|cell|tel|telephone|fax|msisdn|email|account|acct|card|bic|swift|sortcode|pan)\d*$/;

/**
 * Whether a field, header or parameter with this name holds a value that must not be written, as the pack refuses it.
 */
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

/** Whether it identifies a person: not a secret of the portal, but personal data that must not be written. */
export const isPersonalName = remembering((name) => {
  const words = wordsOf(name);
  return personal.test(words.at(-1) ?? '') || /(^|-)(first|last|full|middle|family|given)-name$/.test(words.join('-'));
});

/** Whether it is a code that is valid for one login only. */
export function isOneTimeName(name: string): boolean {
  return plainReadingsOf(name).some(
    (words) =>
      words.some((word) => ['otp', 'totp', 'mfa', 'tfa', '2fa'].includes(word)) ||
      /(^|-)(one-time|(verification|auth|login|sms|tan)-code)(-|$)/.test(words.join('-')),
  );
}

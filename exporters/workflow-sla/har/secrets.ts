import { isSensitiveName, secretShape, wordsOf } from '../../../pack/secret-shapes.js';
import { decoded } from './fields.js';
import { type Entry, isJson, jsonOf, mediaType, type Pair } from './read.js';

/** Names that say something about a token, and end in what: `account_password` is one itself. */
const harmless = /(type|expires?([-_]?(in|at|on))?|expiry|max[-_]?age|count|length|required|enabled|valid|name)$/i;

/** What single sign-on and second factors send around beside tokens, and what banks ask for. */
const sensitiveParts = /csrf|xsrf|jwt|assertion|signature|saml|nonce|totp|bearer|memorable|mnemonic|captcha|credential/;

/** Whole words: `side` and `basket` are none of these. */
const sensitiveWords = new Set(
  (
    'sid pin pins otp mfa tfa 2fa ssn nino iban cvv cvc cv2 ticket sig hmac digest passport dob birth birthday ' +
    'birthdate secret secrets token tokens pass cred creds'
  ).split(' '),
);

/** Words in a row, wherever in the name. */
const sensitivePhrases =
  /(^|-)(app-?id|app-?secret|client-secret|code-(verifier|challenge)|verification-code|security-(answer|code)|one-time|(card|account|routing|phone|mobile|passport|insurance|ni)-(number|no|num)|(national|tax)-(id|number)|sort-code|magic-link|invite-code|reset-code)(-|$)/;

/** Only where they are all of the name: `auth_method` is something else. */
const sensitiveAlone = /^(x-)?(auth|cardnumber)$/;

/** Cookies shorter than this are settings, such as a language. */
const SHORTEST_COOKIE = 8;
const SHORTEST = 3;
/** Shorter secrets stand in too many innocent words to be searched for inside others. */
const SHORTEST_PIECE = 8;

/** Whether a field, header or parameter of this name holds what must not be written down: all that the pack refuses. */
export function isSecretName(name: string): boolean {
  if (isSensitiveName(name)) return true;
  const words = wordsOf(name);
  const spelled = words.join('-');
  const isSensitive =
    sensitiveParts.test(spelled) ||
    words.some((word) => sensitiveWords.has(word)) ||
    sensitivePhrases.test(spelled) ||
    sensitiveAlone.test(spelled);
  return isSensitive && !harmless.test(name);
}

/** Whether a field of this name is the password of a person: who sends it logs in. */
export function isPasswordName(name: string): boolean {
  const words = wordsOf(name);
  const isPassword =
    /passw|passphrase|passcode/i.test(name) ||
    words.some((word) => ['pw', 'pwd', 'passwd'].includes(word)) ||
    words.at(-1) === 'pass';
  return isPassword && isSecretName(name);
}

/** Whether it is what programs log in with. Inside other fields it may be data. */
export function isGrantName(name: string): boolean {
  return /^(client-?secret|refresh-?token)$/.test(wordsOf(name).join('-'));
}

/** Whether it is a code that is good for one login only. */
export function isOneTimeName(name: string): boolean {
  const words = wordsOf(name);
  return (
    words.some((word) => ['otp', 'totp', 'mfa', 'tfa', '2fa'].includes(word)) ||
    /(^|-)(one-time|(verification|auth|login)-code)(-|$)/.test(words.join('-'))
  );
}

/** Every secret value of a recording, wherever it was sent or received. */
export class RecordedSecrets {
  readonly #values = new Set<string>();

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) this.#learn(entry);
  }

  /** Whether a text is a secret, or has one in it, in plain or percent-encoded. */
  isIn(text: string): boolean {
    const plain = decoded(text);
    if (secretShape(plain) !== undefined) return true;
    for (const value of this.#values) {
      if (plain === value) return true;
      if (value.length >= SHORTEST_PIECE && (text.includes(value) || plain.includes(value))) return true;
    }
    return false;
  }

  #learn(entry: Entry): void {
    const { url } = entry;
    this.#add(decoded(url.password));
    for (const cookie of [...entry.requestCookies, ...entry.responseCookies]) this.#addCookie(cookie);
    for (const header of [...entry.requestHeaders, ...entry.responseHeaders]) this.#learnHeader(header);
    for (const [name, value] of url.searchParams) this.#learnField({ name, value });
    this.#learnBody(entry.postData?.mimeType ?? '', entry.postData?.text ?? '');
    for (const { name, value } of entry.postData?.params ?? [])
      this.#learnField({ name: decoded(name), value: decoded(value) });
    this.#learnBody(entry.mimeType, entry.body ?? '');
  }

  #learnHeader({ name, value }: Pair): void {
    const lower = name.toLowerCase();
    if (lower === 'cookie') {
      for (const piece of value.split(';')) this.#addCookie(pairOf(piece));
    } else if (lower === 'set-cookie') {
      // Chrome joins several with line breaks.
      for (const line of value.split('\n')) this.#addCookie(pairOf(line.split(';', 1)[0] ?? ''));
    } else if (isSecretName(name)) {
      this.#add(value);
      // `Bearer abc`: the second word alone is the secret.
      const credentials = value.replace(/^\S+\s+/, '');
      this.#add(credentials);
      if (/^basic /i.test(value))
        for (const part of Buffer.from(credentials, 'base64').toString('utf8').split(':')) this.#add(part);
    }
  }

  #learnField({ name, value }: Pair): void {
    if (isSecretName(name) || secretShape(value) !== undefined) this.#add(value);
  }

  #learnBody(mimeType: string, text: string): void {
    if (mediaType(mimeType) === 'application/x-www-form-urlencoded') {
      for (const [name, value] of new URLSearchParams(text)) this.#learnField({ name, value });
    } else if (isJson(mediaType(mimeType)) || /^\s*[[{]/.test(text)) this.#learnJson('', jsonOf(text));
  }

  #learnJson(name: string, value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.#learnJson(name, item);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) this.#learnJson(key, inner);
    } else if (typeof value === 'string' || typeof value === 'number') {
      this.#learnField({ name, value: String(value) });
    }
  }

  #addCookie({ value }: Pair): void {
    if (value.length < SHORTEST_COOKIE) return;
    this.#add(value);
    this.#add(decoded(value));
  }

  #add(value: string): void {
    if (value.length >= SHORTEST) this.#values.add(value);
  }
}

function pairOf(text: string): Pair {
  const equals = text.indexOf('=');
  return { name: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim() };
}

import { unglued } from './glued-words.js';

/**
 * Recognises a secret that is written in a file: by the name of its key, or by its form. Neither is certain; an
 * operator whose value is refused wrongly can always write a reference.
 */

const sensitiveName =
  /passphrase|^pass$|secret(?!ar)|token(?!i[sz])|credential|(api|access|private)[-_]?key|authori[sz]ation|^x-auth|bearer|jwt|cookie|session|sessid/i;

/** Words for a password in many languages, which are not part of other words. */
const passwordParts =
  /passwor|passphrase|passcode|kennwort|geheim|motdepasse|contrasena|wachtwoord|losenord|salasana|adgangskode/;

/** Words that mean a password only as a separate word: `userPwd`, `oldPw`, `mdp`. */
const passwordWords = new Set(
  withoutMarks(
    'pw pws psw psws pword upw pasw kennw mdp clave senha haslo heslo passord kodeord parola parool jelszo geslo lozinka sifre пароль 密码 密碼 ' +
      'パスワード 비밀번호',
  ).split(' '),
);

/** Short forms and slips of the pen that are part of no other word: `userpwd`, `pwdhash`, `paswd`; `userpw`. */
const passwordForm = /pwr?d|pa?ss?w(or|o|r)?d|..pw$/;

/** `userpass` and `dbpass`, but not `compass`. */
const endsInPass = /(?<!^(com|by|en?com|tres|over|under|sur|im))pass$/;

/** `pass_width` is none. */
const passThings =
  /(^|-)pass-(keys?|codes?|te?xt|field|fld|input|hash|val(ue)?|phrases?|confirm(ed|ation)?|again|repeat|verify|old|new|enc(rypted)?|plain|raw|str(ing)?)(-|$)/;

/** Words for other secrets that a person types or receives. */
const typedWords = new Set(['otp', 'totp', 'cvv', 'cvc', 'cv2', 'mnemonic', 'psk']);
const typedEnding =
  /(^|-)(pin(-?(code|number|no|nr|value|text|txt|field|input|digits|hash))?|(seed|recovery|backup|secret)-(phrase|words?)|key-phrase|(mfa|tfa|2fa|tan|sms|one-time|two-factor)-(codes?|pin|pass|value|number|no|nr|digits|input|field))$/;

/** Last words of names: `Ocp-Apim-Subscription-Key`, `X-Functions-Key`, `securityAnswer`. */
const sensitiveEnding =
  /(^|-)((api|app|application|access|private|subscription|signing|encryption|service|functions?|master|shared|account|licen[cs]e|consumer|developer|ssh|storage|hmac)-keys?|(access|activation|auth|backup|confirmation|email|login|pairing|recovery|reset|security|sms|unlock|verification)-?(codes?|key)|seeds?|answers?)$/;

/** Last words of names that describe a secret without holding it: `token_type`, `session_length`, `cookie-name`. */
const aboutOne =
  /[a-z0-9][-_]?(type|expir(y|es?)([-_]?(in|at|on))?|max[-_]?age|count|limit|length|required|enabled|valid|name|ur[il])$/i;

/** `userPwd`, `old-pw` and `APIKey` in their words, in lower case. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '');
}

/**
 * The same without accents and without digits at the end (`contraseña`, `pass1`), with glued words taken apart: by the
 * capitals of the name, and as if it had none, because `USERpw` and `oLdPw` are names too.
 */
export function plainReadingsOf(name: string): readonly (readonly string[])[] {
  const plain = withoutMarks(name);
  const readings = [plainWords(plain)];
  const lower = plain.toLowerCase();
  if (lower !== plain) readings.push(plainWords(lower));
  return readings;
}

function plainWords(name: string): string[] {
  return wordsOf(name)
    .map((word) => (typedWords.has(word) ? word : word.replace(/(?<=\D{2})\d+$/u, '')))
    .flatMap(unglued);
}

function withoutMarks(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ł', 'l').replaceAll('ı', 'i');
}

/** Whether a field, parameter or header of this name is known to hold secrets. */
export function isSensitiveName(name: string): boolean {
  if (aboutOne.test(name)) return false;
  return (
    sensitiveName.test(name) ||
    plainReadingsOf(name).some(
      (words) => areTyped(words) || passThings.test(words.join('-')) || sensitiveEnding.test(words.join('-')),
    )
  );
}

/** Whether a field with this name is the password of a person, in any of these languages. */
export function isPasswordName(name: string): boolean {
  return !aboutOne.test(name) && plainReadingsOf(name).some(areOfPassword);
}

function areOfPassword(words: readonly string[]): boolean {
  return (
    /passw/.test(words.join(' ')) ||
    passwordParts.test(words.join('')) ||
    words.some((word) => passwordWords.has(word) || passwordForm.test(word)) ||
    endsInPass.test(words.at(-1) ?? '')
  );
}

/** With these names, a number is a secret too, because people type it. With `seed` it is not. */
function areTyped(words: readonly string[]): boolean {
  return areOfPassword(words) || words.some((word) => typedWords.has(word)) || typedEnding.test(words.join('-'));
}

/** The same of a name: a password, a PIN, a one-time code. */
export function isTypedName(name: string): boolean {
  return !aboutOne.test(name) && plainReadingsOf(name).some(areTyped);
}

/** Whether the value with this name is a secret written in the file. `{variables}` are not. */
export function isLiteralSecret(name: string, value: string | number): boolean {
  if (typeof value === 'number')
    return isTypedName(name) || (/secret(?!ar)|keys?$/i.test(name) && isSensitiveName(name));
  return isSensitiveName(name) && !isFilled(value);
}

const variable = /\{[A-Za-z][A-Za-z0-9_]*\}/g;

/** Empty, or variables with only words around them, such as `Bearer {token}` or `sid={session}`. */
function isFilled(value: string): boolean {
  const rest = value.replaceAll(variable, ' ');
  if (rest === value) return value.trim() === '';
  return rest.split(/[\s;,=:&|]+/).every((word) => /^[A-Za-z_-]{0,20}$/.test(word));
}

const shapes: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/, 'a JSON web token'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, 'an access key of AWS'],
  [/\b(gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[sr]k_(live|test)_|AIza|npm_)[\w-]{10,}/, 'an access token'],
  [/\b(bearer|basic|digest|negotiate)\s+[\w+/=.~-]{16,}/i, 'the value of an Authorization header'],
  [/\/\/[^/\s:@]*:[^/\s@]+@/, 'a URL with a password'],
];

/** Describes a text that can only be a secret; undefined for all other texts. */
export function secretShape(text: string): string | undefined {
  return shapes.find(([pattern]) => pattern.test(text))?.[1] ?? (isOpaque(text) ? 'a random key' : undefined);
}

/** The same for a path, segment by segment: several words with slashes also contain all kinds of characters. */
export function secretShapeInPath(path: string): string | undefined {
  return path
    .split('/')
    .map(secretShape)
    .find((shape) => shape !== undefined);
}

/** Long, with all kinds of characters, none of them frequent: generated by a machine to be unguessable. */
function isOpaque(text: string): boolean {
  const looks = /^[\w+/=.~-]{32,}$/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text);
  return looks && entropyBits(text) >= 4;
}

function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}

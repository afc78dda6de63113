import { isGraphQl } from '../../../pack/secrets/inside.js';
import { wordsOf } from '../../../pack/secrets/secret-shapes.js';

/**
 * Decides which values of a recording are known not to be secrets. Everything else is treated as a secret: a list of
 * secret forms is never complete, and a shared file cannot be taken back.
 */

const LONGEST_TEXT = 60;
const LONGEST_WORD = 16;
const MOST_WORDS = 10;
/** More digits than these may be a card, a phone or a sort code. */
const MOST_DIGITS = 5;

/** Words of names with which a number of any length is harmless. */
const numberWords = new Set(
  (
    'limit offset page pages size count top skip first last max min date time timestamp year month week day days hour hours minute minutes second seconds duration interval timeout ttl ' +
    'index position order sort rank level depth version revision width height lat lng lon latitude longitude zoom ' +
    'radius scale amount price total sum quantity qty percent rate weight score step batch row rows ms sec secs px bytes'
  ).split(' '),
);

/** Ends of a range: mostly of times, but also of transfers, whose account numbers are not harmless. */
const endWords = new Set('from to start end since until before after'.split(' '));
/** Seconds or milliseconds since 1970, and days written as numbers. */
const times = /^(1\d{9}(\d{3})?|(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01]))$/;

const dates = [
  /^\d{4}-\d\d(-\d\d)?$/,
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/,
  /^\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d\d)$/,
  /^\d\d:\d\d(:\d\d)?$/,
];

/**
 * Whether a value may be written, if its name is not that of a secret: a few short words, a date, a small number, or
 * any number with a name such as `limit` or `clientId`.
 */
export function isHarmless(name: string, value: string): boolean {
  if (value === '' || dates.some((date) => date.test(value))) return true;
  if (/^[+-]?\d{1,3}$/.test(value)) return true;
  if (isNumbers(value))
    return isNumberName(name) || (isEndName(name) && (times.test(value) || value.length <= MOST_DIGITS));
  if (name === 'query' && isGraphQl(value)) return isHarmlessGraphQl(value);
  return value.length <= LONGEST_TEXT && isFewWords(value);
}

/** A segment of a path: a word of the route, or a number that is the id of something. */
export function isHarmlessSegment(segment: string): boolean {
  return (
    /^(\d{1,10}|v\d{1,2}(alpha|beta|rc)\d{0,2})$/.test(segment) ||
    dates.some((date) => date.test(segment)) ||
    isFewWords(segment)
  );
}

/** The name of a field: words, as programmers write them. In a map by id, names are data. */
export function isHarmlessName(name: string): boolean {
  return name.length <= LONGEST_TEXT && /^[\p{L}_$@][\p{L}\d_$@.:[\]-]*$/u.test(name) && isFewWords(name);
}

/** One number, or several with commas between. */
function isNumbers(value: string): boolean {
  return /^[+-]?\d{1,13}(\.\d{1,10})?(, ?[+-]?\d{1,13}(\.\d{1,10})?)*$/.test(value);
}

/** The last word says what it is: `toDate` is a date, `fromAccount` is an account. */
function isNumberName(name: string): boolean {
  const words = wordsOf(name);
  const last = (/^(number|num|no|nr)$/.test(words.at(-1) ?? '') ? words.at(-2) : words.at(-1)) ?? '';
  return /^(ids?|idx)$/.test(last) || numberWords.has(last);
}

function isEndName(name: string): boolean {
  return endWords.has(wordsOf(name).at(-1) ?? '');
}

function isFewWords(text: string): boolean {
  // No @, which makes an address; no braces, which are ours.
  if (!/^[\p{L}\d\s_.,:;/()'"<>!*|[\]%$&~?#=+@-]*$/u.test(text) || /.@/.test(text)) return false;
  const pieces = text.split(/[^\p{L}\d]+/u).filter((piece) => piece !== '');
  const digits = text.replaceAll(/\D/g, '').length;
  return pieces.length <= MOST_WORDS && digits <= MOST_DIGITS && pieces.every(isWordOrNumber);
}

function isWordOrNumber(piece: string): boolean {
  if (/^(\d{1,3}|(19|20)\d\d)$/.test(piece)) return true;
  // `v1` and `address2` are words; `Xk9` is unclear.
  const [, letters = piece] = /^(\p{L}{3,}|\p{L})\d{1,3}$/u.exec(piece) ?? [];
  return isWord(letters);
}

/** Letters as in words: `clientGroups`, `XMLHttpRequest`, `Müller`; not `qJxWvTz`. */
function isWord(letters: string): boolean {
  const parts = letters.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}]+/gu) ?? [];
  if (parts.join('') !== letters || parts.length > 6) return false;
  if (parts.length > 2 && letters.length / parts.length < 3) return false;
  return parts.every((part) => part.length <= LONGEST_WORD && isPronounceable(part.toLowerCase()));
}

/** What programmers spell in letters, alone or in a word: `graphql`, `jsonrpc`, `mysql`. */
const abbreviations = /graphql|json|sql|rpc|https?|x?html|xml|xhr|css|js/g;

/** Pronounceable and not random letters. A short text is unclear, but too short to be a secret. */
function isPronounceable(written: string): boolean {
  const word = written.replaceAll(abbreviations, '');
  if (word.length < 5 || !/^[a-z]+$/.test(word)) return true;
  const improbable =
    /q[^u]|j[^aeiou]|v[^aeiouyr]|x[bdgjknrvwz]|z[bcdfgjkpqrtvwx]|[bcfgkmpqvwxz]j|[bcdfgjkmpqtvwz]x|[bdfgjkmpqtvwz]q/;
  return /[aeiouy]/.test(word) && !/[^aeiouy]{6}/.test(word) && !/[aeiou]{5}/.test(word) && !improbable.test(word);
}

/** A GraphQL document is code of the page; texts and numbers inside it are what a user entered. */
function isHarmlessGraphQl(document: string): boolean {
  const texts = [...document.matchAll(/"""([\s\S]*?)"""|"((?:[^"\\\n]|\\.)*)"/g)];
  const code = document.replaceAll(/"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"/g, ' ');
  const names = code.match(/[\p{L}\d_]+/gu) ?? [];
  return (
    document.length <= 20_000 &&
    texts.every(([, block, line]) => isFewWords(block ?? line ?? '')) &&
    names.every((name) => name.split('_').every((piece) => piece === '' || isWordOrNumber(piece)))
  );
}

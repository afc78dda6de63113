/** What a message or an excerpt may repeat of a configuration. Before a mistake is found nobody knows where the secrets are. */

import { isSecretKey, isSecretSection } from './secret-places.js';
import { isSensitiveName } from './secret-shapes.js';

/** Of a longer text nobody reads every word, and neither do we. */
const MOST_CHARACTERS = 10_000;

const reference = /\$\{(env|file):[^}\s]*\}/g;

/** Whether the name of a secret stands in a text with something behind it, whatever is between the two. */
export function mayHoldSecret(text: string): boolean {
  if (text.length > MOST_CHARACTERS) return true;
  const plain = text.replaceAll(reference, '');
  if (withoutCredentials(plain) !== plain) return true;
  return [...plain.matchAll(/[\p{L}\d_-]+/gu)].some(
    ([word], index, words) =>
      (isSensitiveName(word) || (isSecretSection(word) && isKeyAt(plain, words[index]?.index ?? 0, word))) &&
      /[^\s:'"{}[\],|>&-]/.test(plain.slice((words[index]?.index ?? 0) + word.length)),
  );
}

/** A word such as `auth` or `fields` is the name of a section only where a colon or an equals sign is behind it. */
function isKeyAt(text: string, start: number, word: string): boolean {
  return /^["']?\s*[:=]/.test(text.slice(start + word.length));
}

/** A key in a message. Where a colon was forgotten, the value stands in the key. */
export function shownKey(key: string, isBesideSecrets = false): string {
  const [first = ''] = /^[^\s=:,;]+/.exec(key) ?? [];
  return first !== key && (isBesideSecrets || mayHoldSecret(key)) ? `${first} …` : key;
}

/** `https://user:password@host` is refused, and must not be repeated while refusing it. */
export function withoutCredentials(text: string): string {
  // No regular expression: on a line of slashes it would take minutes.
  return text
    .split(/(\s+)/)
    .map((word) => {
      const [start, end] = [word.indexOf('//'), word.lastIndexOf('@')];
      return start < 0 || end < start ? word : `${word.slice(0, start)}//<hidden>${word.slice(end)}`;
    })
    .join('');
}

/**
 * Whether a line of a file may hold a secret, by its words and by the keys above it.
 *
 * @param isBroken its syntax is wrong, so a word may be cut by what does not belong there: `pass,word`.
 */
export function isLineSecret(lines: readonly string[], index: number, isBroken: boolean): boolean {
  const line = lines[index] ?? '';
  if (mayHoldSecret(line)) return true;
  if (isBroken && isCutName(lines[index - 1] ?? '', line)) return true;
  const own = keyOf(line);
  const above = keysAbove(lines, index, own === undefined);
  if (above.some((key) => isSensitiveName(key) || key === 'fields')) return true;
  // Inside of `auth:` most keys are no secrets, but a line without a key may be one.
  return above.some(isSecretSection) && (own === undefined || isSecretKey(own));
}

function isCutName(before: string, line: string): boolean {
  const text = (before.includes(':') ? line : before + line).replaceAll(reference, '');
  const pieces = text.match(/[\p{L}\d_-]+/gu) ?? [];
  return pieces.length > 1 && isSensitiveName(pieces.join(''));
}

function keyOf(line: string): string | undefined {
  return /^\s*(?:-\s+)*["']?([\p{L}\d_.-]+)["']?\s*:(?:\s|$)/u.exec(line)?.[1];
}

/** The keys around a line, going by how far they are indented. @param isBare it may belong to the line before. */
function keysAbove(lines: readonly string[], index: number, isBare: boolean): string[] {
  const keys: string[] = [];
  let margin = isBare ? Number.POSITIVE_INFINITY : indentOf(lines[index] ?? '');
  for (let above = index - 1; above >= 0 && margin > 0; above -= 1) {
    const line = lines[above] ?? '';
    const key = keyOf(line);
    if (key === undefined || indentOf(line) >= margin) continue;
    margin = indentOf(line);
    keys.push(key);
  }
  return keys;
}

/** A tab counts as far as editors show it. */
function indentOf(line: string): number {
  return (/^[\s-]*/.exec(line.replaceAll('\t', '        '))?.[0] ?? '').length;
}

/** Which parts of a configuration a message or an excerpt may show. In an invalid file any value may be a secret. */
import type { SecretPlaces } from '../secrets/secret-places.js';
import { isSensitiveName } from '../secrets/secret-shapes.js';
import type { Layout } from './layout.js';

/** Longer texts are not searched. */
const MOST_CHARACTERS = 10_000;

const reference = /\$\{(env|file):[^}\s]*\}/g;

/** Whether a text contains the name of a secret with something after it. */
export function mayHoldSecret(text: string, secrets: SecretPlaces): boolean {
  if (text.length > MOST_CHARACTERS) return true;
  const plain = text.replaceAll(reference, '');
  if (withoutCredentials(plain) !== plain) return true;
  return [...plain.matchAll(/[\p{L}\d_-]+/gu)].some(
    ([word], index, words) =>
      (isSensitiveName(word) || (secrets.isSecretMap(word) && isKeyAt(plain, words[index]?.index ?? 0, word))) &&
      /[^\s:'"{}[\],|>&-]/.test(plain.slice((words[index]?.index ?? 0) + word.length)),
  );
}

/** A word such as `auth` or `fields` is a section name only if a colon or an equals sign follows it. */
function isKeyAt(text: string, start: number, word: string): boolean {
  return /^["']?\s*[:=]/.test(text.slice(start + word.length));
}

/** A key in a message. If the colon was forgotten, the key contains the value. */
export function shownKey(key: string, secrets: SecretPlaces, isBesideSecrets = false): string {
  const [first = ''] = /^[^\s=:,;]+/.exec(key) ?? [];
  return first !== key && (isBesideSecrets || mayHoldSecret(key, secrets)) ? `${first} …` : key;
}

/** `https://user:password@host` is refused, and must not be repeated while refusing it. */
export function withoutCredentials(text: string): string {
  // Not a regular expression: on a line of slashes it would take minutes.
  return text
    .split(/(\s+)/)
    .map((word) => {
      const [start, end] = [word.indexOf('//'), word.lastIndexOf('@')];
      return start < 0 || end < start ? word : `${word.slice(0, start)}//<hidden>${word.slice(end)}`;
    })
    .join('');
}

/**
 * What of a line may be shown: all of it, no more than its key, or nothing.
 *
 * @param key of the problem, which tells the section of the line; empty if the syntax is wrong, because then it is
 * unknown.
 */
export function shownLine(lines: readonly string[], index: number, key: string, layout: Layout): string | undefined {
  const line = lines[index] ?? '';
  return isLineSecret(lines, index, key, layout) ? onlyKey(line) : line;
}

/** The value after an unknown key may be a secret, and so may what is before it in braces. */
export function shownUpTo(line: string, column: number, key: string, secrets: SecretPlaces): string | undefined {
  const before = line.slice(0, column);
  const own = onlyKey(line.slice(column));
  if (own === undefined || mayHoldSecret(before, secrets)) return undefined;
  const isPlain = /^[\s-]*$/.test(before) || !partsOf(key).some((part) => secrets.mayBeSecretMap(part));
  return `${isPlain ? before : ' '.repeat(before.length)}${own}`;
}

function onlyKey(line: string): string | undefined {
  const [key] = /^\s*(?:-\s+)*(["']?)[\p{L}\d_.-]+\1(?=\s*:(?:\s|$))/u.exec(line) ?? [];
  return key === undefined ? undefined : `${key}: …`;
}

function isLineSecret(lines: readonly string[], index: number, key: string, layout: Layout): boolean {
  const { secrets } = layout;
  const line = lines[index] ?? '';
  if (mayHoldSecret(line, secrets)) return true;
  const isBroken = key === '';
  const own = keyOf(line);
  const above = keysAbove(lines, index, own === undefined);
  if (isBroken)
    return (
      isCutName(lines[index - 1] ?? '', line) || above.some(isSensitiveName) || isNearSecrets(lines, index, layout)
    );
  // Only the value of this key was checked by its place; the rest of the line was not.
  const isJudged =
    own !== undefined && own === partsOf(key).at(-1) && /:\s+["']?[^\s"'{}[\],|>&*!][^{}[\],]*$/.test(line);
  return [...above, ...partsOf(key)].some((each) => isSensitiveName(each) || secrets.mayBeSecretMap(each)) && !isJudged;
}

/** `portals.main.steps[0].path` in its parts. */
function partsOf(key: string): string[] {
  return key.split(/[.[\]]+/).filter((part) => part !== '');
}

/**
 * Whether a section with secrets begins above the line or on it, or whether that cannot be determined. If the syntax is
 * wrong, the indentation of a line may be wrong too.
 */
function isNearSecrets(lines: readonly string[], index: number, { sections, secrets }: Layout): boolean {
  const own = lines[index] ?? '';
  if (namesSecretMap(own, secrets)) return true;
  let margin = keyOf(own) === undefined ? Number.POSITIVE_INFINITY : indentOf(own);
  for (let above = index - 1; above >= 0; above -= 1) {
    const line = lines[above] ?? '';
    if (/^\s*(#|$)/.test(line)) continue;
    if (namesSecretMap(line, secrets) || (indentOf(line) < margin && keyOf(line) === undefined)) return true;
    margin = Math.min(margin, indentOf(line));
    // A key that does not begin a section was cut off; its section is above it.
    if (margin === 0 && sections.some((section) => section === keyOf(line))) return false;
  }
  return false;
}

function namesSecretMap(line: string, secrets: SecretPlaces): boolean {
  return (line.match(/[\p{L}\d_-]+(?=["']?\s*[:={[])/gu) ?? []).some((key) => secrets.mayBeSecretMap(key));
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

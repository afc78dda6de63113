/** What a message or an excerpt may repeat of a configuration. Before a mistake is found nobody knows where the secrets are. */
import type { SecretPlaces } from '../secrets/secret-places.js';
import { isSensitiveName } from '../secrets/secret-shapes.js';
import type { Layout } from './layout.js';

/** Of a longer text nobody reads every word, and neither do we. */
const MOST_CHARACTERS = 10_000;

const reference = /\$\{(env|file):[^}\s]*\}/g;

/** Whether the name of a secret stands in a text with something behind it, whatever is between the two. */
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

/** A word such as `auth` or `fields` is the name of a section only where a colon or an equals sign is behind it. */
function isKeyAt(text: string, start: number, word: string): boolean {
  return /^["']?\s*[:=]/.test(text.slice(start + word.length));
}

/** A key in a message. Where a colon was forgotten, the value stands in the key. */
export function shownKey(key: string, secrets: SecretPlaces, isBesideSecrets = false): string {
  const [first = ''] = /^[^\s=:,;]+/.exec(key) ?? [];
  return first !== key && (isBesideSecrets || mayHoldSecret(key, secrets)) ? `${first} …` : key;
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
 * What of a line may be shown: all of it, no more than its key, or nothing.
 *
 * @param key of the problem, which says where the line stands; empty where the syntax is wrong, and then nobody knows.
 */
export function shownLine(lines: readonly string[], index: number, key: string, layout: Layout): string | undefined {
  const line = lines[index] ?? '';
  return isLineSecret(lines, index, key, layout) ? onlyKey(line) : line;
}

/** Nobody knows what stands behind a key that is unknown, nor before it in braces. */
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
  // The value of this very key was judged by its place. All else in the line was not.
  const isJudged =
    own !== undefined && own === partsOf(key).at(-1) && /:\s+["']?[^\s"'{}[\],|>&*!][^{}[\],]*$/.test(line);
  return [...above, ...partsOf(key)].some((each) => isSensitiveName(each) || secrets.mayBeSecretMap(each)) && !isJudged;
}

/** `portals.main.steps[0].path` in its parts. */
function partsOf(key: string): string[] {
  return key.split(/[.[\]]+/).filter((part) => part !== '');
}

/**
 * Whether a section of secrets begins above the line, or beside it, or what begins there cannot be read. Where the syntax
 * is wrong a line may stand further in or out than it should.
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
    // A key that begins no section was cut, and the section is above it.
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

import type { z } from 'zod';
import { nameOf, type SecretPlaces } from '../secrets/secret-places.js';
import { isSensitiveName } from '../secrets/secret-shapes.js';
import type { Reporter } from './reporter.js';
import { mayHoldSecret, shownKey, withoutCredentials } from './shown.js';
import { isNull, type KeyPath, type MapNode, nodeAt, type SourceNode } from './source-node.js';
import { suggest } from './suggest.js';

type Issue = z.core.$ZodIssue;

const marker = 'expected ';

/** Reports what a schema found wrong, in terms of the file instead of the validator's. */
export function reportIssues(issues: readonly Issue[], root: MapNode, reporter: Reporter, secrets: SecretPlaces): void {
  for (const issue of issues.flatMap(insideUnion)) {
    reportIssue(issue, root, reporter, secrets);
  }
}

/** For a key that accepts several forms: the problem inside the form that was used, such as a wrong key in a map. */
function insideUnion(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const fitting = issue.errors.filter((inner) => inner.every(({ path }) => path.length > 0));
  const [only] = fitting;
  return only === undefined || fitting.length > 1
    ? [issue]
    : only.map((inner): Issue => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(insideUnion);
}

function reportIssue(issue: Issue, root: MapNode, reporter: Reporter, secrets: SecretPlaces): void {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const node = nodeAt(root, path);
  const expected = issue.message.startsWith(marker) ? issue.message.slice(marker.length) : undefined;
  if (issue.code === 'unrecognized_keys') {
    reportUnknownKeys(issue.keys, path, expected ?? '', reporter);
  } else if (issue.code === 'invalid_key') {
    reportKey(issue.issues[0]?.message ?? '', path, reporter, secrets);
  } else if (node === undefined) {
    const [section] = path;
    const isLeftOut = path.length === 1 && reporter.removedBy(path) === 'extends';
    reporter.report(
      path,
      isLeftOut ? `an earlier file describes ${section}, and extends: leaves them out` : 'is missing',
      {
        atKey: true,
        ...(isLeftOut ? { expected: `${section} in the list of extends:, or ${section}: in this file` } : {}),
        ...(isLeftOut || expected === undefined ? {} : { expected }),
      },
    );
  } else if (node.kind === 'scalar' && node.value === null && typeof path.at(-1) === 'number') {
    // `null` removes an entry of an earlier file only in a map.
    reporter.report(path, 'this item of the list is empty', { expected: expected ?? 'a value' });
  } else if (isNull(node) && path.length > 1) {
    const above = nodeAt(root, path.slice(0, -1));
    const others = above?.kind === 'map' ? [...above.entries.keys()] : [];
    reporter.report(path, 'null removes what an earlier file says here, and none says anything', {
      atKey: true,
      didYouMean: suggest(String(path.at(-1)), others),
    });
  } else if (expected === undefined) {
    reporter.report(path, issue.message);
  } else {
    const didYouMean = node.kind === 'scalar' ? suggest(String(node.value), choices(expected)) : undefined;
    const isConfidential =
      secrets.has(path) || (node.kind !== 'map' && (secrets.isAbove(path) || isSensitiveName(nameOf(path))));
    const shown = isConfidential ? 'this value' : show(node, secrets);
    reporter.report(path, `${shown} is not valid`, { expected, didYouMean, confidential: isConfidential });
  }
}

function reportUnknownKeys(keys: readonly string[], path: KeyPath, expected: string, reporter: Reporter): void {
  for (const key of keys) {
    const didYouMean = suggest(key, choices(expected));
    // The list of all keys would hide the suggested one.
    reporter.report([...path, key], 'unknown key', {
      atKey: true,
      keyOnly: true,
      ...(didYouMean === undefined ? { expected } : { didYouMean }),
    });
  }
}

function reportKey(message: string, path: KeyPath, reporter: Reporter, secrets: SecretPlaces): void {
  const key = JSON.stringify(shownKey(String(path.at(-1)), secrets));
  // For an invalid name, the value after it is unknown and may be a secret.
  const keyOnly = path.some((part) => secrets.mayBeSecretMap(String(part))) ? ({ keyOnly: true } as const) : {};
  if (message.startsWith(marker)) {
    reporter.report(path, `${key} is not valid`, { atKey: true, ...keyOnly, expected: message.slice(marker.length) });
  } else {
    reporter.report(path, message, { atKey: true, ...keyOnly });
  }
}

function choices(expected: string): readonly string[] {
  return expected.startsWith('one of ') ? expected.slice('one of '.length).split(', ') : [];
}

function show(node: SourceNode, secrets: SecretPlaces): string {
  switch (node.kind) {
    case 'map':
      return 'a map';
    case 'list':
      return node.items.length === 0 ? 'an empty list' : 'a list';
    case 'scalar':
      return node.value === null ? 'an empty value' : shownValue(node.written ?? JSON.stringify(node.value), secrets);
  }
}

function shownValue(text: string, secrets: SecretPlaces): string {
  const shown = withoutCredentials(text);
  return mayHoldSecret(shown.replace('//<hidden>@', ''), secrets) ? 'this value' : shorten(shown);
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

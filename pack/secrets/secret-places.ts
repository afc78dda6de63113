import type { KeyPath } from '../reading/source-node.js';
import { suggest } from '../reading/suggest.js';
import { isLiteralSecret, isSensitiveName } from './secret-shapes.js';

type Pattern = readonly string[];

/** The values that may hold `${env:NAME}` and `${file:path}`; `*` stands for any key, `**` for all below. */
const places: readonly Pattern[] = [
  ['portals', '*', 'headers', '*'],
  ['portals', '*', 'variables', '*'],
  ...[['auth'], ['identities', '*']].flatMap((user) =>
    [
      ['fields', '*'],
      ['forms', '*', 'fields', '*'],
      ['secondStep', 'fields', '*'],
      ['totp', 'secret'],
      ['username'],
      ['password'],
      ['value'],
      ['clientId'],
      ['clientSecret'],
    ].map((place) => ['portals', '*', ...user, ...place]),
  ),
  ['portals', '*', 'tls', 'keyPassphrase'],
  ['workflows', '*', 'steps', '*', 'headers', '*'],
  ['workflows', '*', 'steps', '*', 'query', '*'],
  ['workflows', '*', 'steps', '*', 'body', 'form', '*'],
  ['workflows', '*', 'steps', '*', 'body', 'json', '**'],
  ...[['database'], ['replica'], ['witness', 'database']].flatMap((database) => [
    ['auditTrails', '*', ...database, 'url'],
    ['auditTrails', '*', ...database, 'password'],
  ]),
  ['auditTrails', '*', 'seal', 'key'],
  ['auditTrails', '*', 'seal', 'anchors', '*', 'accessKeyId'],
  ['auditTrails', '*', 'seal', 'anchors', '*', 'secretAccessKey'],
  ['auditTrails', '*', 'seal', 'anchors', '*', 'token'],
  ...[
    ['scan', 'database'],
    ['scan', 'replica'],
    ['timings', '*', 'database'],
    ['providers', '*', 'database'],
  ].flatMap((database) => [
    ['encryption', '*', ...database, 'url'],
    ['encryption', '*', ...database, 'password'],
  ]),
  ...['pin', 'passphrase', 'token', 'accessKeyId', 'secretAccessKey'].map((key) => [
    'encryption',
    '*',
    'providers',
    '*',
    key,
  ]),
];

/** Sections that hold little else than secrets and what belongs to them. */
const sections = new Set(
  'auth identities fields totp secondStep database replica witness seal anchors providers'.split(' '),
);

/** Sections in which some names are chosen by others, or one key is a secret: a secret may have any name there. */
const openSections = ['headers', 'variables', 'query', 'body', 'form', 'forms', 'tls'];
const allSections = [...sections, ...openSections];

/** Whether a key of this name is that of a section in which secrets stand. */
export function isSecretSection(key: string): boolean {
  return sections.has(key);
}

/** The same of sections in which a secret may stand among other things; a slip of the pen in the name does not matter. */
export function mayBeSecretSection(key: string): boolean {
  return allSections.includes(key) || suggest(key, allSections) !== undefined;
}

/** Whether secrets stand below, so that a value in place of the map may be one. */
export function isAboveSecrets(path: KeyPath): boolean {
  return (
    path.length >= 3 &&
    typeof path.at(-1) === 'string' &&
    places.some(
      (place) =>
        place.length > path.length &&
        (place.length <= path.length + 2 || isSecretSection(String(path.at(-1)))) &&
        path.every((part, index) => place[index] === '*' || place[index] === part),
    )
  );
}

const alwaysSecret = new Set([
  'password',
  'value',
  'clientSecret',
  'secret',
  'key',
  'secretAccessKey',
  'token',
  'pin',
  'passphrase',
  'keyPassphrase',
]);

/** Whether a reference to a secret is read here. */
export function isSecretPlace(path: KeyPath): boolean {
  return places.some((pattern) => {
    const fits = pattern.every((part, index) => part === '*' || part === '**' || part === path[index]);
    return fits && (pattern.at(-1) === '**' ? path.length >= pattern.length - 1 : path.length === pattern.length);
  });
}

/** Whether this value is a secret that stands in the configuration, going by where it stands. */
export function isSecretHere(path: KeyPath, value: string | number): boolean {
  if (!isSecretPlace(path)) return false;
  if (hasFixedKeys(path)) return alwaysSecret.has(String(path.at(-1)));
  // The fields of a login are sent as they stand: braces in them are no variables.
  return ofUser(path) !== undefined ? isSensitiveName(nameOf(path)) : isLiteralSecret(nameOf(path), value);
}

/** Items of a list go by the name of the list. */
export function nameOf(path: KeyPath): string {
  return String(path.findLast((part) => typeof part === 'string') ?? '');
}

/** Whether a URL of a database stands here, which may hold a password among other things. */
export function isDatabaseUrl(path: KeyPath): boolean {
  return isSecretPlace(path) && ofOurKeys(path) && path.at(-1) === 'url';
}

/** Whether the keys here are ours, and not names that somebody else chose. */
function hasFixedKeys(path: KeyPath): boolean {
  const user = ofUser(path);
  return ofOurKeys(path) || path[2] === 'tls' || (user !== undefined && !user.includes('fields'));
}

/** What of a path is below a user of a portal, as `auth:` or one of `identities:` describes it. */
export function ofUser(path: KeyPath): KeyPath | undefined {
  if (path[0] !== 'portals') return undefined;
  if (path[2] === 'auth') return path.slice(3);
  return path[2] === 'identities' ? path.slice(4) : undefined;
}

/** Sections in which every key has a meaning of ours. */
function ofOurKeys(path: KeyPath): boolean {
  return path[0] === 'auditTrails' || path[0] === 'encryption';
}

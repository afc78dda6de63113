import type { KeyPath } from './source-node.js';

type Pattern = readonly string[];

/** The values that may hold `${env:NAME}` and `${file:path}`; `*` stands for any key. */
const places: readonly Pattern[] = [
  ['portals', '*', 'headers', '*'],
  ['portals', '*', 'auth', 'fields', '*'],
  ['portals', '*', 'auth', 'username'],
  ['portals', '*', 'auth', 'password'],
  ['portals', '*', 'auth', 'value'],
  ['portals', '*', 'auth', 'clientId'],
  ['portals', '*', 'auth', 'clientSecret'],
  ['workflows', '*', 'steps', '*', 'headers', '*'],
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

const alwaysSecret = new Set([
  'password',
  'value',
  'clientSecret',
  'key',
  'secretAccessKey',
  'token',
  'pin',
  'passphrase',
]);

const sensitiveName =
  /passw|passphrase|passcode|^pass$|secret|token|credential|api[-_]?key|authori[sz]ation|^x-auth|cookie|session|^pin$|^otp$/i;

/** Whether a reference to a secret is read here. */
export function isSecretPlace(path: KeyPath): boolean {
  return places.some(
    (pattern) => pattern.length === path.length && pattern.every((part, index) => part === '*' || part === path[index]),
  );
}

/** Whether a value here is a secret for certain, so that it must be a reference. */
export function mustBeReference(path: KeyPath): boolean {
  const key = String(path.at(-1));
  return isSecretPlace(path) && (hasFixedKeys(path) ? alwaysSecret.has(key) : isSensitiveName(key));
}

/** Whether a field or header of this name is known to hold secrets. */
export function isSensitiveName(key: string): boolean {
  return sensitiveName.test(key);
}

/** Whether a URL of a database stands here, which may hold a password among other things. */
export function isDatabaseUrl(path: KeyPath): boolean {
  return isSecretPlace(path) && ofOurKeys(path) && path.at(-1) === 'url';
}

/** Whether the keys here are ours, and not names that somebody else chose. */
function hasFixedKeys(path: KeyPath): boolean {
  return ofOurKeys(path) || (path.length === 4 && path[2] === 'auth');
}

/** Sections in which every key has a meaning of ours. */
function ofOurKeys(path: KeyPath): boolean {
  return path[0] === 'auditTrails' || path[0] === 'encryption';
}

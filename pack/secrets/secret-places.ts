import type { KeyPath } from '../reading/source-node.js';
import { suggest } from '../reading/suggest.js';
import { isLiteralSecret, isSensitiveName, isTypedName } from './secret-shapes.js';

/** A path below a section: `*` stands for any key, `**` for all below. */
export type Pattern = readonly string[];

/** Where secrets stand in one section of a description. */
export interface SecretsOfSection {
  /** The values that may hold `${env:NAME}` and `${file:path}`. */
  readonly places: readonly Pattern[];
  /** What a message says of these places. */
  readonly described: string;
  /**
   * Whether every key at a place has a meaning of ours, by which its value is judged. Otherwise others choose the
   * names, and a value is judged by its name and by its looks.
   */
  readonly hasOurKeys: boolean;
  /** Maps that hold little else than secrets and what belongs to them, beside those that all sections have. */
  readonly secretMaps?: readonly string[];
  /** Paths of requests: no reference is read there, and no secret may stand there. */
  readonly requestPaths?: readonly Pattern[];
  /**
   * The address that an entry is reached by. While a variable in it is not set the entry counts as not connected, where
   * that is allowed, and none of its secrets is asked for.
   */
  readonly address?: Pattern;
}

/** Maps of a portal, a database and a sealed log that hold little else than secrets. */
const sharedMaps = 'auth identities fields totp secondStep database replica seal anchors'.split(' ');

/** Maps in which some names are chosen by others, or one key is a secret: a secret may have any name there. */
const openMaps = ['headers', 'variables', 'query', 'body', 'form', 'forms', 'tls'];

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

/** Knows where secrets may stand, from what each section says of itself. */
export class SecretPlaces {
  readonly #sections: ReadonlyMap<string, SecretsOfSection>;
  readonly #places: readonly Pattern[];
  readonly #maps: ReadonlySet<string>;
  readonly #allMaps: readonly string[];

  constructor(sections: Readonly<Record<string, SecretsOfSection>> = {}) {
    this.#sections = new Map(Object.entries(sections));
    this.#places = [...this.#sections].flatMap(([name, { places }]) => places.map((place) => [name, ...place]));
    this.#maps = new Set([...sharedMaps, ...Object.values(sections).flatMap(({ secretMaps = [] }) => secretMaps)]);
    this.#allMaps = [...this.#maps, ...openMaps];
  }

  /** Whether a key of this name is that of a map in which secrets stand. */
  isSecretMap(key: string): boolean {
    return this.#maps.has(key);
  }

  /** The same of maps in which a secret may stand among other things; a slip of the pen in the name does not matter. */
  mayBeSecretMap(key: string): boolean {
    return this.#allMaps.includes(key) || suggest(key, this.#allMaps) !== undefined;
  }

  /** Whether there are secrets below, so that a value in place of the map may be a secret. */
  isAbove(path: KeyPath): boolean {
    return (
      path.length >= 3 &&
      typeof path.at(-1) === 'string' &&
      this.#places.some(
        (place) =>
          place.length > path.length &&
          (place.length <= path.length + 2 || this.isSecretMap(String(path.at(-1)))) &&
          path.every((part, index) => place[index] === '*' || place[index] === part),
      )
    );
  }

  /** Whether a reference to a secret is read here. */
  has(path: KeyPath): boolean {
    return this.#places.some((pattern) => fits(pattern, path));
  }

  /** Whether this value is a secret written in the configuration, judged by its path. */
  isSecretHere(path: KeyPath, value: string | number): boolean {
    if (!this.has(path)) return false;
    if (this.#hasFixedKeys(path)) return alwaysSecret.has(String(path.at(-1)));
    const name = namesBelowOpenMap(path).find(isTypedName) ?? nameOf(path);
    // The fields of a login are sent unchanged: braces in them are not variables.
    return ofUser(path) !== undefined ? isSensitiveName(name) : isLiteralSecret(name, value);
  }

  /** Whether this is the URL of a database, which may contain a password. */
  isDatabaseUrl(path: KeyPath): boolean {
    return this.has(path) && this.hasOurKeys(path) && path.at(-1) === 'url';
  }

  /** Whether this is the address of an entry that may be not connected yet. */
  isAddress([section, ...below]: KeyPath): boolean {
    const address = this.#sections.get(String(section))?.address;
    return address !== undefined && fits(address, below);
  }

  /** Whether a request is sent to the path that stands here. */
  isRequestPath([section, ...below]: KeyPath): boolean {
    const paths = this.#sections.get(String(section))?.requestPaths ?? [];
    return paths.some((pattern) => fits(pattern, below));
  }

  /** Whether the section is one in which every key at a place of a secret has a meaning of ours. */
  hasOurKeys([section]: KeyPath): boolean {
    return this.#sections.get(String(section))?.hasOurKeys === true;
  }

  /** Where references belong, for a message about one that stands elsewhere. */
  describedFor([section]: KeyPath): string {
    return this.#sections.get(String(section))?.described ?? placesOfRequests;
  }

  /** Whether the keys here are those of our schema, and not names that someone else chose. */
  #hasFixedKeys(path: KeyPath): boolean {
    const user = ofUser(path);
    return this.hasOurKeys(path) || path[2] === 'tls' || (user !== undefined && !user.includes('fields'));
  }
}

/** Where a portal and what is sent to it hold secrets. */
export const placesOfRequests =
  'the fields of auth: and identities:, and in the values of headers:, query:, body: and variables:';

function fits(pattern: Pattern, path: KeyPath): boolean {
  const isLike = pattern.every((part, index) => part === '*' || part === '**' || part === path[index]);
  return isLike && (pattern.at(-1) === '**' ? path.length >= pattern.length - 1 : path.length === pattern.length);
}

/** What others named, from the map that they fill on: everything below `password` is one. */
function namesBelowOpenMap(path: KeyPath): readonly string[] {
  const start = path.findIndex((part, index) => index >= 2 && openMaps.includes(String(part)));
  return start < 0 ? [] : path.slice(start + 1).filter((part) => typeof part === 'string');
}

/** Items of a list use the name of the list. */
export function nameOf(path: KeyPath): string {
  return String(path.findLast((part) => typeof part === 'string') ?? '');
}

/** The part of a path that is below a user of a portal: `auth:` or one of `identities:`. */
export function ofUser(path: KeyPath): KeyPath | undefined {
  if (path[0] !== 'portals') return undefined;
  if (path[2] === 'auth') return path.slice(3);
  return path[2] === 'identities' ? path.slice(4) : undefined;
}

import { decoded, inside } from '../../../pack/secrets/inside.js';
import { namedValues } from '../../../pack/secrets/named-values.js';
import { secretShape } from '../../../pack/secrets/secret-shapes.js';
import { isHarmless, isHarmlessSegment } from './harmless.js';
import { isPersonalName, isSecretName } from './names.js';
import { type HarEntry, isJson, jsonOf, mediaType, type Pair } from './read.js';
import { segmentsOf } from './route.js';

/** Cookies shorter than this are settings, such as a language. */
const SHORTEST_COOKIE = 8;
const SHORTEST = 3;
/** Shorter secrets occur in too many ordinary words to be searched for inside other texts. */
const SHORTEST_PIECE = 8;

/** Every secret value of a recording, wherever it was sent or received. */
export class RecordedSecrets {
  readonly #values = new Set<string>();

  constructor(entries: readonly HarEntry[]) {
    for (const entry of entries) this.#learn(entry);
  }

  /** Whether a text is a secret or contains one, plain or percent-encoded. */
  isIn(text: string): boolean {
    const plain = decoded(text);
    if (secretShape(plain) !== undefined) return true;
    for (const value of this.#values) {
      if (plain === value) return true;
      if (value.length >= SHORTEST_PIECE && (text.includes(value) || plain.includes(value))) return true;
    }
    return false;
  }

  #learn(entry: HarEntry): void {
    const { url } = entry;
    this.#add(decoded(url.password));
    for (const cookie of [...entry.requestCookies, ...entry.responseCookies]) this.#addCookie(cookie);
    for (const header of [...entry.requestHeaders, ...entry.responseHeaders]) this.#learnHeader(header);
    for (const { plain, isSecret } of segmentsOf(url.pathname)) {
      for (const inner of inside(plain, isSecretName)) this.#learnOne(inner);
      // A word after `reset` may be a word of the route, and such words are common.
      if (isSecret && (/\d/.test(plain) || !isHarmlessSegment(plain))) this.#add(plain);
    }
    for (const [name, value] of url.searchParams) this.#learnField({ name, value });
    this.#learnBody(entry.postData?.mimeType ?? '', entry.postData?.text ?? '', true);
    for (const { name, value } of entry.postData?.params ?? [])
      this.#learnField({ name: decoded(name), value: decoded(value) });
    this.#learnBody(entry.mimeType, entry.body ?? '', false);
  }

  #learnHeader({ name, value }: Pair): void {
    const lower = name.toLowerCase();
    if (lower === 'cookie') {
      for (const piece of value.split(';')) this.#addCookie(pairOf(piece));
    } else if (lower === 'set-cookie') {
      // Chrome joins several values with line breaks.
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

  #learnField(field: Pair): void {
    this.#learnOne(field);
    for (const inner of inside(field.value, isSecretName)) this.#learnOne(inner);
  }

  #learnOne({ name, value }: Pair): void {
    const isPersonal = isPersonalName(name) && (/\d{5}/.test(value) || value.includes('@'));
    if (isPersonal || isSecretName(name) || secretShape(value) !== undefined) this.#add(value);
  }

  #learnBody(mimeType: string, text: string, isSent: boolean): void {
    if (mediaType(mimeType) === 'application/x-www-form-urlencoded') {
      for (const [name, value] of new URLSearchParams(text)) this.#learnField({ name, value });
    } else if (isJson(mediaType(mimeType)) || /^\s*[[{]/.test(text)) this.#learnJson(jsonOf(text), isSent);
  }

  /** Of what an answer has below `session` or `tokens`, words such as `active` stand in other places too. */
  #learnJson(json: unknown, isSent: boolean): void {
    for (const { name, key, value } of namedValues(json, isSecretName)) {
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      const text = String(value);
      this.#learnField({ name: isSent || name === key || !isHarmless(key, text) ? name : key, value: text });
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

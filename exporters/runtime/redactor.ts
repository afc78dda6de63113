import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

const HIDDEN = '<secret>';
/** Shorter strings occur in too many ordinary words. */
const MIN_LENGTH = 4;
/** A piece of Base64 shorter than this would match by chance. */
const MIN_BASE64_PIECE = 6;
/** Secrets rotate; very old ones need not be searched for. */
const MAX_SECRETS = 500;

/** How a form of a secret is recognised without storing it. */
interface Print {
  readonly length: number;
  /** Cheap hash, for every position in a text; see {@link PrefixHashes}. */
  readonly hash: number;
  /** Secure hash, checked if the cheap one matches. */
  readonly digest: string;
  /** Hash of its first {@link MIN_LENGTH} characters: this alone excludes most positions in a text. */
  readonly start: number;
}

/**
 * Removes known secrets from text, also in encoded forms: URL-encoded, form-encoded, JSON-escaped, HTML-escaped, as
 * Node inspects it, and Base64, alone or as part of a longer text such as `user:password`.
 *
 * It lives as long as the process, so it keeps fingerprints and not the secrets: the redactor itself must not put
 * secrets into a heap snapshot or a core file.
 */
export class Redactor {
  readonly #key = randomBytes(32);
  /** By digest, oldest first. */
  readonly #secrets = new Map<string, readonly Print[]>();
  readonly #starts = new Set<number>();
  /** By length, longest first: of `abcd` and `abcdef` the longer must match, or its end would stay readable. */
  #byLength: readonly (readonly [length: number, prints: ReadonlyMap<number, readonly string[]>])[] | undefined;

  add(secret: string): void {
    if (secret.length < MIN_LENGTH) return;
    const digest = this.#digest(secret);
    if (this.#secrets.has(digest)) return;
    const forms = new Set([...formsOf(secret)].filter((form) => form.length >= MIN_LENGTH));
    this.#secrets.set(
      digest,
      [...forms].map((form) => {
        const hashes = new PrefixHashes(form);
        return {
          length: form.length,
          hash: hashes.of(0, form.length),
          digest: this.#digest(form),
          start: hashes.of(0, MIN_LENGTH),
        };
      }),
    );
    const oldest = this.#secrets.keys().next();
    if (this.#secrets.size > MAX_SECRETS && !oldest.done) this.#secrets.delete(oldest.value);
    this.#byLength = undefined;
  }

  redact(text: string): string {
    if (this.#secrets.size === 0 || text.length < MIN_LENGTH) return text;
    const byLength = this.#indexed();
    const hashes = new PrefixHashes(text);
    const pieces: string[] = [];
    let copied = 0;
    for (let at = 0; at + MIN_LENGTH <= text.length; ) {
      const length = this.#starts.has(hashes.of(at, MIN_LENGTH)) ? this.#foundAt(text, at, hashes, byLength) : 0;
      if (length === 0) {
        at += 1;
        continue;
      }
      pieces.push(text.slice(copied, at), HIDDEN);
      at += length;
      copied = at;
    }
    return pieces.length === 0 ? text : pieces.join('') + text.slice(copied);
  }

  /** @returns the length of the secret that begins here; 0 if none does. */
  #foundAt(
    text: string,
    at: number,
    hashes: PrefixHashes,
    byLength: readonly (readonly [number, ReadonlyMap<number, readonly string[]>])[],
  ): number {
    for (const [length, prints] of byLength) {
      if (at + length > text.length) continue;
      const digests = prints.get(hashes.of(at, length));
      if (digests?.includes(this.#digest(text.slice(at, at + length))) === true) return length;
    }
    return 0;
  }

  #indexed() {
    if (this.#byLength !== undefined) return this.#byLength;
    const lengths = new Map<number, Map<number, string[]>>();
    this.#starts.clear();
    for (const { length, hash, digest, start } of [...this.#secrets.values()].flat()) {
      this.#starts.add(start);
      const prints = lengths.get(length) ?? new Map<number, string[]>();
      prints.set(hash, [...(prints.get(hash) ?? []), digest]);
      lengths.set(length, prints);
    }
    this.#byLength = [...lengths].toSorted(([a], [b]) => b - a);
    return this.#byLength;
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text, 'utf16le').digest('base64');
  }
}

/** Odd, so that no character is lost; random per process, so that an attacker cannot cause collisions. */
const base = randomBytes(4).readUInt32LE() | 1;

/** Hashes of any part of a text, each in two multiplications after one pass over the text (Rabin and Karp). */
class PrefixHashes {
  readonly #upTo: Int32Array;

  constructor(text: string) {
    this.#upTo = new Int32Array(text.length + 1);
    let hash = 0;
    for (let at = 0; at < text.length; at += 1) {
      hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
      this.#upTo[at + 1] = hash;
    }
  }

  of(at: number, length: number): number {
    return ((this.#upTo[at + length] ?? 0) - Math.imul(this.#upTo[at] ?? 0, power(length))) | 0;
  }
}

const powers: number[] = [1];

function power(exponent: number): number {
  for (let next = powers.length; next <= exponent; next += 1) powers.push(Math.imul(powers[next - 1] ?? 1, base));
  return powers[exponent] ?? 1;
}

function* formsOf(secret: string): Iterable<string> {
  yield secret;
  const encoded = percentEncode(secret);
  const strict = encoded.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  for (const form of [encoded, strict]) {
    yield form;
    yield form.replace(/%[0-9A-F]{2}/g, (c) => c.toLowerCase());
    yield form.replaceAll('%20', '+');
  }
  const json = JSON.stringify(secret).slice(1, -1);
  yield json;
  yield json.replaceAll('/', '\\/');
  yield JSON.stringify(json).slice(1, -1);
  // As Node prints a string inside an object, in quotes and with its own escapes.
  yield inspect(secret, { maxStringLength: null }).slice(1, -1);
  yield secret.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  yield secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  yield* base64Forms(secret);
}

/** Lone surrogates cannot be percent-encoded; they become U+FFFD, as they do on the wire. */
function percentEncode(secret: string): string {
  return encodeURIComponent(Buffer.from(secret, 'utf8').toString('utf8'));
}

/**
 * Base64 encodes three bytes as four characters, so a secret inside a longer text has one of three forms, depending on
 * its offset. The characters at both ends also depend on the adjacent bytes and are not searched for.
 */
function* base64Forms(secret: string): Iterable<string> {
  const bytes = Buffer.from(secret, 'utf8');
  for (const offset of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const piece = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    const whole = offset === 0 ? [encoded] : [];
    for (const form of [...whole, piece]) {
      if (form.length < MIN_BASE64_PIECE) continue;
      yield form;
      yield form.replaceAll('+', '-').replaceAll('/', '_');
    }
  }
}

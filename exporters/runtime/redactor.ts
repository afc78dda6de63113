import { inspect } from 'node:util';

const HIDDEN = '<secret>';
/** Shorter strings stand in too many innocent words. */
const MIN_LENGTH = 4;
/** A piece of Base64 shorter than this would match by chance. */
const MIN_BASE64_PIECE = 6;
/** Secrets rotate; those of long ago need not be searched for ever. */
const MAX_SECRETS = 500;

/**
 * Takes known secrets out of text, also in the forms they take on the way: URL-encoded, form-encoded, JSON-escaped,
 * HTML-escaped, as Node inspects it, and Base64, alone or as part of something longer such as `user:password`.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  add(secret: string): void {
    if (secret.length < MIN_LENGTH || this.#secrets.has(secret)) return;
    this.#secrets.add(secret);
    const oldest = this.#secrets.values().next();
    if (this.#secrets.size > MAX_SECRETS && !oldest.done) this.#secrets.delete(oldest.value);
    this.#pattern = undefined;
  }

  redact(text: string): string {
    if (this.#secrets.size === 0) return text;
    this.#pattern ??= patternOf(this.#secrets);
    return text.replace(this.#pattern, HIDDEN);
  }
}

function patternOf(secrets: Iterable<string>): RegExp {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const form of formsOf(secret)) if (form.length >= MIN_LENGTH) forms.add(form);
  }
  // Longest first: of `abcd` and `abcdef`, the longer must win, or its end would stay readable.
  const alternatives = [...forms].sort((a, b) => b.length - a.length).map(escapeForPattern);
  return new RegExp(alternatives.join('|'), 'g');
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
  // As Node prints a string inside an object, in quotes and with escapes of its own.
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
 * Base64 turns three bytes into four characters, so a secret inside a longer text has one of three shapes, by its
 * offset. The characters at the edges also depend on the neighbours and are left out of the search.
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

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

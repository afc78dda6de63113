import { z } from 'zod';
import { TAG_BYTES } from './aead.js';
import type { Anatomy, Parts } from './provider.js';
import { transitAnatomy } from './transit.js';

const document = z.looseObject({
  ciphertext: z.string(),
  algorithm: z.unknown().optional(),
  nonce: z.string().optional(),
  tag: z.string().optional(),
  key_version: z.union([z.string(), z.number()]).optional(),
});
/** Of these, libraries leave the tag behind the ciphertext, as Python's `AESGCM` does. */
const endsWithTag = /gcm|poly1305/i;
/** What PostgreSQL shows of a bytea. */
const bytea = /^(?<before>\\x)(?<data>[0-9a-f]+)(?<after>)$/i;
const encodings = ['hex', 'base64', 'base64url'] as const;

/** Bytes as text, and how others would be written in their place. */
interface Encoded {
  readonly bytes: Buffer;
  encode(bytes: Buffer): string;
}

/**
 * Whatever form a portal gives its ciphertexts, as long as something can be changed inside it and the rest left as it
 * was: a document with a `ciphertext`, as Kingston's specification stores a field, transit's `vault:v1:…`, or a text
 * with one long stretch of Base64 or hex, such as `enc:v1:…`. Of any other, nothing is known.
 */
export const endpointAnatomy: Anatomy<unknown> = {
  dissect(sealed) {
    if (typeof sealed !== 'string') return ofDocument(sealed)?.parts ?? unknownForm;
    if (isTransit(sealed)) return transitAnatomy().dissect(sealed);
    return { body: ofText(sealed)?.bytes ?? unknownForm.body };
  },
  assemble(parts, like) {
    if (typeof like !== 'string') return ofDocument(like)?.write(parts);
    if (isTransit(like)) return transitAnatomy().assemble(parts, like);
    return ofText(like)?.encode(parts.body);
  },
};

const unknownForm: Parts = { body: Buffer.alloc(0) };

function isTransit(sealed: string): boolean {
  return sealed.startsWith('vault:v');
}

function ofDocument(sealed: unknown): { readonly parts: Parts; write(parts: Parts): unknown } | undefined {
  if (typeof sealed !== 'object') return undefined;
  const read = document.safeParse(sealed).data;
  const ciphertext = read === undefined ? undefined : ofText(read.ciphertext);
  if (read === undefined || ciphertext === undefined) return undefined;
  const nonce = encoded(read.nonce ?? '');
  const ownTag = encoded(read.tag ?? '');
  const tagBytes = ownTag === undefined && endsWithTag.test(String(read.algorithm)) ? TAG_BYTES : 0;
  const end = Math.max(0, ciphertext.bytes.length - tagBytes);
  const tag = ownTag?.bytes ?? (tagBytes === 0 ? undefined : ciphertext.bytes.subarray(end));
  return {
    parts: {
      body: ciphertext.bytes.subarray(0, end),
      ...(tag === undefined ? {} : { tag }),
      ...(nonce === undefined ? {} : { nonce: nonce.bytes }),
      ...(read.key_version === undefined ? {} : { keyVersion: String(read.key_version) }),
    },
    write: (parts) => ({
      ...sealed,
      ciphertext: ciphertext.encode(
        ownTag === undefined && parts.tag !== undefined ? Buffer.concat([parts.body, parts.tag]) : parts.body,
      ),
      ...(nonce === undefined || parts.nonce === undefined ? {} : { nonce: nonce.encode(parts.nonce) }),
      ...(ownTag === undefined || parts.tag === undefined ? {} : { tag: ownTag.encode(parts.tag) }),
    }),
  };
}

/** The longest stretch is the ciphertext: what stands beside it is a version, a nonce or a tag. */
function ofText(text: string): Encoded | undefined {
  const hex = bytea.exec(text)?.groups;
  const [longest = ''] = (text.match(/[\w+/-]+={0,2}/g) ?? []).toSorted((a, b) => b.length - a.length);
  const data = hex?.data ?? longest;
  const start = text.indexOf(data);
  const found = encoded(data);
  if (found === undefined) return undefined;
  return {
    bytes: found.bytes,
    encode: (bytes) => text.slice(0, start) + found.encode(bytes) + text.slice(start + data.length),
  };
}

/** In the first encoding that would have written exactly this. */
function encoded(text: string): Encoded | undefined {
  const bare = text.replace(/=+$/, '');
  for (const encoding of encodings) {
    const bytes = Buffer.from(text, encoding);
    const encode = (other: Buffer) => {
      const written = other.toString(encoding).replace(/=+$/, '');
      if (encoding === 'hex') return text === text.toUpperCase() ? written.toUpperCase() : written;
      return text.length % 4 === 0 ? written.padEnd(Math.ceil(written.length / 4) * 4, '=') : written;
    };
    if (bytes.length > 0 && bare !== '' && encode(bytes) === text) return { bytes, encode };
  }
  return undefined;
}

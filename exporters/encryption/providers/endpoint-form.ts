import { z } from 'zod';
import { parsedJson, TAG_BYTES } from './aead.js';
import type { Anatomy, Parts } from './provider.js';
import { transitAnatomy } from './transit.js';

const document = z.looseObject({
  ciphertext: z.string(),
  algorithm: z.unknown().optional(),
  nonce: z.string().optional(),
  tag: z.string().optional(),
  key_version: z.union([z.string(), z.number()]).optional(),
});
/** For these, libraries append the tag to the ciphertext, as Python's `AESGCM` does. */
const endsWithTag = /gcm|poly1305/i;
/** The text form of a PostgreSQL bytea. */
const bytea = /^(?<before>\\x)(?<data>[0-9a-f]+)(?<after>)$/i;
const knownMembers = new Set(['ciphertext', 'nonce', 'tag', 'key_version']);
const jweHeader = z.looseObject({ enc: z.string(), kid: z.string().optional() });
const encodings = ['hex', 'base64', 'base64url'] as const;

/** A shorter part is a version, a name or a number, and contains neither a nonce nor a tag. */
const STRETCH_BYTES = 8;

/** Bytes as text, and a function that writes other bytes in the same form. */
interface Encoded {
  readonly bytes: Buffer;
  encode(bytes: Buffer): string;
}

/** A ciphertext in parts, and a function that reassembles it with other parts. */
interface Form<Written = unknown> {
  readonly parts: Parts;
  write(parts: Parts): Written;
}

type Document = z.infer<typeof document>;

/**
 * Any format of a portal in which one part can be changed and the rest left unchanged: a document with a `ciphertext`,
 * as Kingston's specification stores a field, a JWE in its compact form, transit's `vault:v1:…`, or a text with long
 * runs of Base64 or hex, such as `enc:v1:…`. Other formats are unknown.
 */
export const endpointAnatomy: Anatomy<unknown> = {
  dissect: (sealed) => formOf(sealed)?.parts ?? { body: Buffer.alloc(0) },
  assemble: (parts, like) => formOf(like)?.write(parts),
};

function formOf(sealed: unknown): Form | undefined {
  if (typeof sealed === 'string') return ofText(sealed);
  const read = document.safeParse(sealed).data;
  return read === undefined ? undefined : ofDocument(read);
}

function ofText(text: string): Form<string> | undefined {
  if (text.startsWith('vault:v')) {
    const anatomy = transitAnatomy();
    return { parts: anatomy.dissect(text), write: (parts) => anatomy.assemble(parts, text) };
  }
  return ofJwe(text) ?? ofStretches(text);
}

/** RFC 7516, 7.1: header, encrypted key (none with a key that both sides have), IV, ciphertext, tag. */
function ofJwe(text: string): Form<string> | undefined {
  const [header = '', key = '', iv = '', ciphertext = '', tag = '', ...more] = text.split('.');
  const [first, wrapped, nonce, body, mac] = [header, key, iv, ciphertext, tag].map(encoded);
  if (more.length > 0 || first === undefined || nonce === undefined || body === undefined || mac === undefined) return;
  const { kid, enc } = jweHeader.safeParse(parsedJson(first.bytes.toString('utf8'))).data ?? {};
  if (enc === undefined) return undefined;
  const around = wrapped === undefined ? [first] : [first, wrapped];
  return {
    parts: {
      nonce: nonce.bytes,
      body: body.bytes,
      tag: mac.bytes,
      others: around.map(({ bytes }) => bytes),
      ...(kid === undefined ? {} : { keyVersion: kid }),
    },
    write: (parts) => {
      const [head = header, wrap = key] = around.map((one, at) => one.encode(parts.others?.[at] ?? one.bytes));
      return [
        head,
        wrap,
        nonce.encode(parts.nonce ?? nonce.bytes),
        body.encode(parts.body),
        mac.encode(parts.tag ?? mac.bytes),
      ].join('.');
    },
  };
}

/** The longest run counts as the ciphertext; the others may be a header, a nonce, a tag, or a wrapped key. */
function ofStretches(text: string): Form<string> | undefined {
  const hex = bytea.exec(text)?.groups?.data;
  const found = [...text.matchAll(hex === undefined ? /[\w+/-]+={0,2}/g : /[0-9a-f]{2,}$/gi)].flatMap((match) => {
    const data = encoded(match[0]);
    return data === undefined ? [] : [{ data, start: match.index, end: match.index + match[0].length }];
  });
  const [body] = found.toSorted((a, b) => b.data.bytes.length - a.data.bytes.length);
  if (body === undefined) return undefined;
  const others = found.filter((one) => one !== body && one.data.bytes.length >= STRETCH_BYTES);
  return {
    parts: { body: body.data.bytes, others: others.map(({ data }) => data.bytes) },
    write: (parts) => {
      const changed = new Map([[body, parts.body], ...others.map((one, at) => [one, parts.others?.[at]] as const)]);
      let written = '';
      let from = 0;
      for (const one of found) {
        written += text.slice(from, one.start) + one.data.encode(changed.get(one) ?? one.data.bytes);
        from = one.end;
      }
      return written + text.slice(from);
    },
  };
}

/** A ciphertext with the fields next to it, with known and with unknown names. */
function ofDocument(sealed: Document): Form | undefined {
  const core = ofKnownMembers(sealed);
  if (core === undefined) return undefined;
  const own = core.parts.others ?? [];
  const around = Object.entries(sealed).flatMap(([name, value]) => {
    const data = knownMembers.has(name) || typeof value !== 'string' ? undefined : encoded(value);
    return data === undefined || data.bytes.length < STRETCH_BYTES ? [] : [{ name, data }];
  });
  return {
    parts: { ...core.parts, others: [...own, ...around.map(({ data }) => data.bytes)] },
    write: (parts) => ({
      ...sealed,
      ...Object.fromEntries(
        around.map(({ name, data }, at) => [name, data.encode(parts.others?.[own.length + at] ?? data.bytes)]),
      ),
      ...core.write({ ...parts, ...(parts.others === undefined ? {} : { others: parts.others.slice(0, own.length) }) }),
    }),
  };
}

function ofKnownMembers(sealed: Document): Form<object> | undefined {
  const inner = ofText(sealed.ciphertext);
  if (inner === undefined) return undefined;
  const version = sealed.key_version === undefined ? {} : { keyVersion: String(sealed.key_version) };
  // The text itself shows its parts.
  if (inner.parts.nonce !== undefined) {
    return {
      parts: { ...inner.parts, ...version },
      write: (parts) => ({ ciphertext: inner.write(withoutVersion(parts)) }),
    };
  }
  const nonce = encoded(sealed.nonce ?? '');
  const ownTag = encoded(sealed.tag ?? '');
  const tagBytes = ownTag === undefined && endsWithTag.test(String(sealed.algorithm)) ? TAG_BYTES : 0;
  const data = inner.parts.body;
  const end = Math.max(0, data.length - tagBytes);
  const tag = ownTag?.bytes ?? (tagBytes === 0 ? undefined : data.subarray(end));
  return {
    parts: {
      ...inner.parts,
      body: data.subarray(0, end),
      ...(tag === undefined ? {} : { tag }),
      ...(nonce === undefined ? {} : { nonce: nonce.bytes }),
      ...version,
    },
    write: (parts) => ({
      ciphertext: inner.write({
        ...parts,
        body: ownTag === undefined && parts.tag !== undefined ? Buffer.concat([parts.body, parts.tag]) : parts.body,
      }),
      ...(nonce === undefined || parts.nonce === undefined ? {} : { nonce: nonce.encode(parts.nonce) }),
      ...(ownTag === undefined || parts.tag === undefined ? {} : { tag: ownTag.encode(parts.tag) }),
    }),
  };
}

function withoutVersion({ keyVersion: _, ...parts }: Parts): Parts {
  return parts;
}

/** In the first encoding that produces exactly this text. */
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

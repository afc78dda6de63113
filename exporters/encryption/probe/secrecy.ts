/** What a ciphertext gives away to somebody who holds no key. Pure functions on canaries. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Parts } from '../providers/provider.js';

/** A shorter match may be chance: random bytes hold a given run of eight once in 2^64. */
const NEEDLE_BYTES = 8;
/** A stretch of text that may be an encoding of something. */
const ENCODED = /[A-Za-z0-9+/_-]{11,}/g;
const HEX = /[0-9A-Fa-f]{16,}/g;
/** Too long to be hex by chance. */
const LONG_HEX = /[0-9A-Fa-f]{64,}/g;
/** Base64 inside JSON inside Base64, as a JWT has it, is three. */
const MAX_DEPTH = 4;
/** Of everything that is decoded of one ciphertext: a canary is small, and what a portal answers is bounded already. */
const MAX_BYTES = 4_000_000;

/** Tries to inflate at one place, for each ciphertext that is looked through so thoroughly; some 0.1 ms each. */
export const INFLATIONS = 600;
/** Whatever is longer has its header in the first bytes. */
const INFLATED_PLACES = 256;
const BROTLI_PLACES = 17;

/**
 * Looks for a plaintext in whatever stands in a ciphertext: as it is, as Base64 at each of its alignments, as base64url,
 * as hex, percent-encoded, as UTF-16, compressed, and each of these inside of the others.
 *
 * @param inflations how often to try to inflate in the middle of something, as behind a header that nobody knows.
 * @returns where it was found, such as `base64 > hex`, or undefined.
 */
export function findPlaintext(sealed: unknown, plaintext: Buffer, inflations = INFLATIONS): string | undefined {
  let inflationsLeft = inflations;
  const needles: Buffer[] = [];
  for (let at = 0; at + NEEDLE_BYTES <= plaintext.length; at += 1)
    needles.push(plaintext.subarray(at, at + NEEDLE_BYTES));
  let budget = MAX_BYTES;
  const search = (bytes: Buffer, path: readonly string[]): string | undefined => {
    budget -= bytes.length;
    if (budget < 0) return undefined;
    if (needles.some((needle) => bytes.includes(needle))) return path.length === 0 ? 'as it is' : path.join(' > ');
    if (path.length === MAX_DEPTH) return undefined;
    for (const [how, decoded] of decodings(bytes)) {
      const found = search(decoded, [...path, how]);
      if (found !== undefined) return found;
    }
    for (const inflate of inflaters(bytes)) {
      if (inflationsLeft <= 0) return undefined;
      inflationsLeft -= 1;
      const inflated = orNothing(inflate);
      const found = inflated === undefined ? undefined : search(inflated, [...path, 'compressed']);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const leaf of leavesOf(sealed)) {
    const found = search(leaf, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Everything that these bytes might be another way to write. */
function* decodings(bytes: Buffer): Generator<readonly [how: string, decoded: Buffer]> {
  const text = bytes.toString('latin1');
  for (const [run] of text.matchAll(HEX)) {
    for (const start of [0, 1]) yield ['hex', Buffer.from(run.slice(start), 'hex')];
  }
  // A stretch may begin in the middle of four characters: behind a prefix that is of the same alphabet.
  for (const [run] of text.matchAll(ENCODED)) {
    for (const start of [0, 1, 2, 3]) yield ['base64', Buffer.from(run.slice(start), 'base64')];
  }
  if (/%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\[0-7]{3}|\\[\\"/]/.test(text)) {
    yield ['escaped', Buffer.from(unescaped(text), 'latin1')];
  }
  if (/(?:[ -~]\0){8}|(?:\0[ -~]){8}/.test(text)) yield ['utf16', Buffer.from(text.replaceAll('\0', ''), 'latin1')];
  const inflated = inflate(bytes);
  if (inflated !== undefined) yield ['compressed', inflated];
}

function unescaped(text: string): string {
  return text.replace(
    /%([0-9A-Fa-f]{2})|\\u00([0-9A-Fa-f]{2})|\\x([0-9A-Fa-f]{2})|\\([0-7]{3})|\\([\\"/])/g,
    (_, percent, unicode, hex, octal, itself) =>
      itself ??
      String.fromCharCode(
        octal === undefined ? Number.parseInt(percent ?? unicode ?? hex, 16) : Number.parseInt(octal, 8) & 0xff,
      ),
  );
}

function inflate(bytes: Buffer): Buffer | undefined {
  // Told apart by their first bytes; random ones begin so once in hundreds, and are then refused.
  if (bytes[0] === 0x78) return orNothing(() => inflateSync(bytes, { maxOutputLength: MAX_BYTES }));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined;
  return orNothing(() => gunzipSync(bytes, { maxOutputLength: MAX_BYTES }));
}

/** Raw deflate at each place, which is what zlib and gzip hold behind their headers, and Brotli at the first ones. */
function* inflaters(bytes: Buffer): Generator<() => Buffer> {
  // What is compressed is not text, and of text all that it may be is tried.
  if (/^[\t\n\r -~]*$/.test(bytes.toString('latin1'))) return;
  const limits = { maxOutputLength: MAX_BYTES, chunkSize: 1024 };
  for (let at = 0; at < Math.min(bytes.length - NEEDLE_BYTES, INFLATED_PLACES); at += 1) {
    const block = ((bytes[at] ?? 0) >> 1) & 3;
    const rest = bytes.subarray(at);
    // Either must end: what is cut off unfolds to something nearly anywhere.
    if (at < BROTLI_PLACES) yield () => brotliDecompressSync(rest, limits);
    // A block of the first kind is not compressed, so that its text stands there as it is; there is no fourth kind.
    if (block === 1 || block === 2) yield () => inflateRawSync(rest, limits);
  }
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The bytes of everything that stands in a ciphertext, in an order that is that of its form. */
export function leavesOf(sealed: unknown): Buffer[] {
  if (Buffer.isBuffer(sealed)) return [sealed];
  if (typeof sealed === 'string') return [Buffer.from(sealed, 'utf8')];
  if (typeof sealed === 'number') return [Buffer.from(String(sealed))];
  if (typeof sealed !== 'object' || sealed === null) return [];
  return Object.entries(sealed).flatMap(([key, inner]) => [
    ...(Array.isArray(sealed) ? [] : [Buffer.from(key, 'utf8')]),
    ...leavesOf(inner),
  ]);
}

/** Equal bytes in a row that are no chance. */
const WINDOW = 16;
/** So many of them must be others where the plaintext is another: else they belong to the form, as a header does. */
const VARYING = 12;
const KEYSTREAM_BYTES = 12;

export interface Sealing {
  readonly plaintext: Buffer;
  /** In parts, in an order that is that of the form. */
  readonly bytes: readonly Buffer[];
  /** Nothing but what was encrypted: no header, and no key that was wrapped beside it. */
  readonly isPure: boolean;
}

export interface PlaintextRelation {
  /** In words. */
  readonly what: string;
  /** Else it may be the doing of a header that changes from server to server. */
  readonly isCertain: boolean;
}

export interface Sealings {
  /** Two or more of the same plaintext. */
  readonly equal: readonly Sealing[];
  /** Of a plaintext that begins as theirs does. */
  readonly near: Sealing;
  /** Each of a plaintext of its own. Several, because a header may change from one server to the next. */
  readonly others: readonly Sealing[];
}

/**
 * What ciphertexts under one key have in common that they must not. A fixed nonce shows here whether the form says a
 * nonce or not: equal plaintexts, and equal beginnings, become equal bytes (CBC, ECB, every stream), and of any two the
 * difference of the ciphertexts is that of the plaintexts (CTR, GCM, ChaCha20).
 *
 * All of a round are compared with each other: behind a load balancer, a fixed nonce may be that of one server.
 *
 * @param mayRepeat equal plaintexts may give equal ciphertexts. The rest must hold all the same.
 * @returns what they have in common, or undefined.
 */
export function relation({ equal, near, others }: Sealings, mayRepeat: boolean): PlaintextRelation | undefined {
  const isPure = [...equal, near, ...others].every((one) => one.isPure);
  const parts = Math.max(0, ...equal.map(({ bytes }) => bytes.length));
  for (let index = 0; index < parts; index += 1) {
    const at = ({ bytes }: Sealing) => bytes[index] ?? Buffer.alloc(0);
    const elsewhere = others.map(at);
    const isShared = ([a, b]: readonly [Sealing, Sealing]) => sharesContent(at(a), at(b), elsewhere);
    // Of two with the same plaintext the difference says nothing.
    const mixed = [
      ...pairs([near, ...others]),
      ...equal.flatMap((one) => others.map((other) => [one, other] as const)),
    ];
    const isStream = mixed.some(([a, b]) => sharesKeystream(at(a), at(b), a.plaintext, b.plaintext));
    const isCertain = isPure || isStream;
    if (!mayRepeat && pairs(equal).some(isShared)) {
      return { what: 'equal plaintexts give equal ciphertexts', isCertain };
    }
    if (equal.some((one) => isShared([one, near]))) {
      return { what: 'plaintexts that begin alike give ciphertexts that begin alike', isCertain };
    }
    if (isStream) return { what: 'two plaintexts were encrypted with the same keystream', isCertain };
  }
  return undefined;
}

function pairs<T>(all: readonly T[]): (readonly [T, T])[] {
  return all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other] as const));
}

/** The body where the form is known, with whatever stands beside it that is not known; else everything, also decoded. */
export function comparable(sealed: unknown, { body, nonce, others = [] }: Parts, plaintext: Buffer): Sealing {
  const isPure = nonce !== undefined && others.length === 0;
  if (body.length >= plaintext.length) return { plaintext, bytes: [body, ...others], isPure };
  const leaves = leavesOf(sealed);
  const decoded = leaves.flatMap((leaf) => {
    const text = leaf.toString('latin1');
    const hex = [...text.matchAll(LONG_HEX)].map(([run]) => Buffer.from(run, 'hex'));
    return hex.length > 0 ? hex : [...text.matchAll(ENCODED)].map(([run]) => Buffer.from(run, 'base64'));
  });
  return { plaintext, bytes: [...leaves, ...decoded], isPure: false };
}

/**
 * Whether two have a run in common, in one place, that is another in each of the others, and that no two of those have in
 * common in that place: what a server puts into everything is no content.
 */
function sharesContent(a: Buffer, b: Buffer, others: readonly Buffer[]): boolean {
  let run = 0;
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    run = a[at] === b[at] ? run + 1 : 0;
    if (run < WINDOW) continue;
    const from = at - WINDOW + 1;
    const found = a.subarray(from, at + 1);
    const there = others.map((other) => other.subarray(from, at + 1));
    const whole = there.filter(({ length }) => length === WINDOW);
    const isElsewhere = there.some((other) => differing(found, other) < VARYING);
    if (!isElsewhere && !pairs(whole).some(([one, other]) => differing(one, other) < VARYING)) return true;
  }
  return false;
}

function differing(a: Buffer, b: Buffer): number {
  return a.reduce((sum, byte, at) => sum + (byte === b[at] ? 0 : 1), 0);
}

/** The plaintext may be encrypted as text: Base64 and hex of it are looked for as well. */
function sharesKeystream(a: Buffer, b: Buffer, plainA: Buffer, plainB: Buffer): boolean {
  const difference = xor(a, b);
  return (['latin1', 'base64', 'hex'] as const).some((encoding) => {
    const wanted = xor(Buffer.from(plainA.toString(encoding)), Buffer.from(plainB.toString(encoding)));
    // What is equal on both sides proves nothing; canaries differ in most places.
    for (let at = 0; at + KEYSTREAM_BYTES <= wanted.length; at += KEYSTREAM_BYTES) {
      if (difference.includes(wanted.subarray(at, at + KEYSTREAM_BYTES))) return true;
    }
    return false;
  });
}

function xor(a: Buffer, b: Buffer): Buffer {
  const out = Buffer.alloc(Math.min(a.length, b.length));
  for (let at = 0; at < out.length; at += 1) out[at] = (a[at] ?? 0) ^ (b[at] ?? 0);
  return out;
}

/** What a ciphertext reveals to an attacker without the key. Pure functions on canaries. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Parts } from '../providers/provider.js';

/** A shorter match may be chance: random bytes contain given eight bytes once in 2^64. */
const NEEDLE_BYTES = 8;
/** A part of a text that may be an encoding of other bytes. */
const ENCODED = /[A-Za-z0-9+/_-]{11,}/g;
const HEX = /[0-9A-Fa-f]{16,}/g;
/** Eight bytes or more as decimal numbers. */
const DECIMALS = /\d{1,3}(?:[ \t\r\n]*[,;:|/ -][ \t\r\n]*\d{1,3}){7,}/g;
/** Too long to be hex by chance. */
const LONG_HEX = /[0-9A-Fa-f]{64,}/g;
/** Base64 inside JSON inside Base64, as a JWT has it, is three. */
const MAX_DEPTH = 4;
/** Limit for everything decoded from one ciphertext: a canary is small, and answers of a portal are already limited. */
const MAX_BYTES = 4_000_000;

/** How many positions of a ciphertext are tried as compressed data; about 0.1 ms each. */
export const INFLATIONS = 600;
/** A longer value has its header in the first bytes. */
const INFLATED_PLACES = 256;
const BROTLI_PLACES = 17;

/**
 * Searches a ciphertext for a plaintext: unchanged, as Base64 at each alignment, as base64url, as hex, percent-encoded,
 * as UTF-16, quoted-printable, as decimal numbers, backwards, as every second byte, compressed, and each of these inside the
 * others.
 *
 * @param inflations how often to try to decompress from the middle of a value, as after an unknown header.
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
    const holds = (shown: Buffer) => needles.some((needle) => shown.includes(needle));
    if (holds(bytes)) return path.length === 0 ? 'as it is' : path.join(' > ');
    for (const [how, shown] of rearranged(bytes)) if (holds(shown)) return [...path, how].join(' > ');
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

/** Other orders of the same bytes. Nothing is decoded from them. */
function rearranged(bytes: Buffer): readonly (readonly [how: string, shown: Buffer])[] {
  const everySecond = (from: 0 | 1) => Buffer.from(bytes.filter((_, index) => index % 2 === from));
  return [
    ['backwards', Buffer.from(bytes).reverse()],
    ['every second byte', everySecond(0)],
    ['every second byte', everySecond(1)],
  ];
}

/** Every possible decoding of these bytes. */
function* decodings(bytes: Buffer): Generator<readonly [how: string, decoded: Buffer]> {
  const text = bytes.toString('latin1');
  for (const [run] of text.matchAll(HEX)) {
    for (const start of [0, 1]) yield ['hex', Buffer.from(run.slice(start), 'hex')];
  }
  // The part may begin within a group of four characters, after a prefix of the same alphabet.
  for (const [run] of text.matchAll(ENCODED)) {
    for (const start of [0, 1, 2, 3]) yield ['base64', Buffer.from(run.slice(start), 'base64')];
  }
  if (/%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\[0-7]{3}|\\[\\"/]/.test(text)) {
    yield ['escaped', Buffer.from(unescaped(text), 'latin1')];
  }
  for (const [run] of text.matchAll(DECIMALS)) {
    for (const numbers of bytesIn(run.split(/\D+/).map(Number))) yield ['decimal', Buffer.from(numbers)];
  }
  if (/=[0-9A-F]{2}/.test(text)) {
    const plain = text
      .replace(/=\r?\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    yield ['quoted-printable', Buffer.from(plain, 'latin1')];
  }
  if (/(?:[ -~]\0){8}|(?:\0[ -~]){8}/.test(text)) yield ['utf16', Buffer.from(text.replaceAll('\0', ''), 'latin1')];
  const inflated = inflate(bytes);
  if (inflated !== undefined) yield ['compressed', inflated];
}

/** Between larger numbers: a digit that stands before the first byte by chance makes it one. */
function bytesIn(numbers: readonly number[]): readonly (readonly number[])[] {
  const stretches: number[][] = [[]];
  for (const number of numbers) {
    if (number <= 0xff) stretches.at(-1)?.push(number);
    else stretches.push([]);
  }
  return stretches.filter(({ length }) => length >= NEEDLE_BYTES);
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
  // Recognised by the first bytes; random bytes match once in hundreds, and then fail to decompress.
  if (bytes[0] === 0x78) return orNothing(() => inflateSync(bytes, { maxOutputLength: MAX_BYTES }));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined;
  return orNothing(() => gunzipSync(bytes, { maxOutputLength: MAX_BYTES }));
}

/** Raw deflate at each position (zlib and gzip contain it after their headers), and Brotli at the first positions. */
function* inflaters(bytes: Buffer): Generator<() => Buffer> {
  // Compressed data is not text; all decodings of text are already tried.
  if (/^[\t\n\r -~]*$/.test(bytes.toString('latin1'))) return;
  const limits = { maxOutputLength: MAX_BYTES, chunkSize: 1024 };
  for (let at = 0; at < Math.min(bytes.length - NEEDLE_BYTES, INFLATED_PLACES); at += 1) {
    const block = ((bytes[at] ?? 0) >> 1) & 3;
    const rest = bytes.subarray(at);
    // The stream must be complete: truncated data decompresses to something almost anywhere.
    if (at < BROTLI_PLACES) yield () => brotliDecompressSync(rest, limits);
    // A block of the first kind is not compressed and contains its text unchanged; there is no fourth kind.
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

/** The bytes of all parts of a ciphertext, in the order of its format. */
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

/** This many consecutive equal bytes are not chance. */
const WINDOW = 16;
/** This many of them must differ for another plaintext; otherwise they belong to the format, like a header. */
const VARYING = 12;
const KEYSTREAM_BYTES = 12;

export interface Sealing {
  readonly plaintext: Buffer;
  /** In parts, in the order of the format. */
  readonly bytes: readonly Buffer[];
  /** Only encrypted data: no header, and no wrapped key. */
  readonly isPure: boolean;
}

export interface PlaintextRelation {
  /** As a readable text. */
  readonly what: string;
  /** Otherwise a header that differs between servers may be the cause. */
  readonly isCertain: boolean;
}

export interface Sealings {
  /** Two or more of the same plaintext. */
  readonly equal: readonly Sealing[];
  /** Of a plaintext with the same beginning. */
  readonly near: Sealing;
  /** Each of a different plaintext. Several, because a header may differ between servers. */
  readonly others: readonly Sealing[];
}

/**
 * Similarities between ciphertexts under one key that must not exist. This detects a fixed nonce even if the format
 * does not show the nonce: equal plaintexts, and equal beginnings, give equal bytes (CBC, ECB, stream ciphers), and the
 * difference of any two ciphertexts is that of the plaintexts (CTR, GCM, ChaCha20).
 *
 * All ciphertexts of a round are compared with each other: behind a load balancer, only one server may have a fixed
 * nonce.
 *
 * @param mayRepeat equal plaintexts may give equal ciphertexts. The other rules still apply.
 * @returns what they have in common, or undefined.
 */
export function relation({ equal, near, others }: Sealings, mayRepeat: boolean): PlaintextRelation | undefined {
  const isPure = [...equal, near, ...others].every((one) => one.isPure);
  const parts = Math.max(0, ...equal.map(({ bytes }) => bytes.length));
  for (let index = 0; index < parts; index += 1) {
    const at = ({ bytes }: Sealing) => bytes[index] ?? Buffer.alloc(0);
    const elsewhere = others.map(at);
    const isShared = ([a, b]: readonly [Sealing, Sealing]) => sharesContent(at(a), at(b), elsewhere);
    // The difference of two ciphertexts of the same plaintext proves nothing.
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

/** The body and unknown parts if the format is known; otherwise everything, also decoded. */
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
 * Whether two ciphertexts share a run of bytes at one position that differs in each of the others, and that no two of
 * the others share at that position: bytes that a server adds to every ciphertext are not content.
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

/** The plaintext may be encrypted as text, so its Base64 and hex forms are searched for as well. */
function sharesKeystream(a: Buffer, b: Buffer, plainA: Buffer, plainB: Buffer): boolean {
  const difference = xor(a, b);
  return (['latin1', 'base64', 'hex'] as const).some((encoding) => {
    const wanted = xor(Buffer.from(plainA.toString(encoding)), Buffer.from(plainB.toString(encoding)));
    // Positions where both plaintexts are equal prove nothing; canaries differ in most positions.
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

import { createCipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canary } from '../../../../exporters/encryption/probe/canary.js';
import {
  comparable,
  findPlaintext,
  INFLATIONS,
  relation,
  type Sealings,
} from '../../../../exporters/encryption/probe/secrecy.js';

const fixture = new URL('../../../fixtures/encryption/signed-not-encrypted.json', import.meta.url);
const texts = z.record(z.string(), z.string());
const vectors = z
  .object({ plaintext: z.string(), shown: texts, hidden: texts })
  .parse(JSON.parse(readFileSync(fixture, 'utf8')));
const plaintext = Buffer.from(vectors.plaintext);

describe('a plaintext is found in', () => {
  test.each(Object.entries(vectors.shown))('%s', (_, sealed) => {
    expect(findPlaintext(sealed, plaintext)).toBeTypeOf('string');
    expect(findPlaintext({ key_version: 1, ciphertext: sealed }, plaintext)).toBeTypeOf('string');
    expect(findPlaintext(Buffer.from(sealed), plaintext)).toBeTypeOf('string');
  });

  const random = randomBytes(16);
  test.each<[string, (bytes: Buffer) => string | Buffer]>([
    ['decimal numbers', (bytes) => [...bytes].join(',')],
    ['decimal numbers in JSON', (bytes) => JSON.stringify([...bytes])],
    [
      'quoted-printable',
      (bytes) => [...bytes].map((byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
    ],
    ['the order backwards', (bytes) => Buffer.from(bytes).reverse()],
    ['every second byte', (bytes) => Buffer.concat([...bytes].map((byte) => Buffer.from([byte, ...randomBytes(1)])))],
    ['every second byte, from the second', (bytes) => Buffer.concat([...bytes].map((byte) => Buffer.from([7, byte])))],
  ])('%s, also between random bytes and in Base64', (_, write) => {
    const written = Buffer.from(write(plaintext));
    const between = Buffer.concat([random, written, random]);
    for (const sealed of [written, between, between.toString('base64'), { c: between.toString('hex') }]) {
      expect(findPlaintext(sealed, plaintext)).toBeTypeOf('string');
    }
  });

  test('decimal numbers beside digits and separators that stand there by chance', () => {
    for (const [before, after] of [
      ['9', '9'],
      ['7,', ',7'],
      ['900,', ',900'],
      ['1 2,', '.'],
    ]) {
      expect(findPlaintext(`${before}${[...plaintext].join(',')}${after}`, plaintext)).toBe('decimal');
    }
  });

  test('bytes, arrays, and the name of a member', () => {
    expect(findPlaintext(plaintext, plaintext)).toBe('as it is');
    expect(findPlaintext([{ inner: ['x', vectors.plaintext] }], plaintext)).toBe('as it is');
    expect(findPlaintext({ [vectors.plaintext]: 1 }, plaintext)).toBe('as it is');
  });
});

describe('a plaintext is not found in', () => {
  test.each(Object.entries(vectors.hidden))('%s', (_, sealed) => {
    expect(findPlaintext(sealed, plaintext)).toBeUndefined();
  });

  test('random bytes, however they are written', () => {
    for (let times = 0; times < 200; times += 1) {
      const bytes = randomBytes(300);
      const inflations = times < 3 ? INFLATIONS : 0;
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(findPlaintext({ ciphertext: bytes.toString(encoding) }, plaintext, inflations)).toBeUndefined();
      }
      expect(findPlaintext(bytes, plaintext, inflations)).toBeUndefined();
    }
  });

  test('a text that unfolds without end, and the search ends', () => {
    let text = 'A'.repeat(200);
    for (let depth = 0; depth < 12; depth += 1) text = Buffer.from(text).toString('base64');
    expect(findPlaintext(text, plaintext)).toBeUndefined();
  });
});

type Seal = (plaintext: Buffer) => Buffer;
const key = randomBytes(32);
const fixed = randomBytes(16);

function stream(
  algorithm: 'aes-256-ctr' | 'aes-256-gcm' | 'aes-256-cbc' | 'aes-256-ecb',
  iv: () => Buffer | null,
): Seal {
  return (bytes) => {
    const made = createCipheriv(algorithm, key, iv());
    return Buffer.concat([made.update(bytes), made.final()]);
  };
}

/** A nonce that is shown and not used. */
const shown =
  (seal: Seal): Seal =>
  (bytes) =>
    Buffer.concat([randomBytes(16), seal(bytes)]);

const schemes: Readonly<Record<string, Seal>> = {
  'CTR with a fixed IV': stream('aes-256-ctr', () => fixed),
  'GCM with a fixed nonce': stream('aes-256-gcm', () => fixed.subarray(0, 12)),
  'CBC with a fixed IV': stream('aes-256-cbc', () => fixed),
  ECB: stream('aes-256-ecb', () => null),
  'CTR with a fixed IV, and a random one beside it': shown(stream('aes-256-ctr', () => fixed)),
  'CTR with one of two IVs': stream('aes-256-ctr', () => Buffer.alloc(16, Math.random() < 0.5 ? 1 : 2)),
  'a keyed XOR': (bytes) => Buffer.from(bytes.map((byte, at) => byte ^ (key[at % 32] ?? 0))),
};

const sound: Readonly<Record<string, Seal>> = {
  'CTR with a random IV': (bytes) => {
    const iv = randomBytes(16);
    return Buffer.concat([iv, stream('aes-256-ctr', () => iv)(bytes)]);
  },
  'CBC with a random IV behind a header': (bytes) => {
    const iv = randomBytes(16);
    return Buffer.concat([Buffer.alloc(64, 'header'), iv, stream('aes-256-cbc', () => iv)(bytes)]);
  },
};

function sealings(seal: Seal, write: (bytes: Buffer) => unknown, isBodyKnown: boolean): Sealings {
  const of = (bytes: Buffer) => {
    const sealed = seal(bytes);
    return comparable(write(sealed), { body: isBodyKnown ? sealed : Buffer.alloc(0) }, bytes);
  };
  const same = canary(64);
  return {
    equal: Array.from({ length: 9 }, () => of(same)),
    near: of(Buffer.concat([same.subarray(0, 32), canary(32)])),
    others: Array.from({ length: 6 }, () => of(canary(64))),
  };
}

const writings = {
  'bytes whose place is known': [(bytes: Buffer) => bytes, true],
  'a document of no known form': [(bytes: Buffer) => ({ id: 'x', blob: bytes.toString('base64') }), false],
  'hex of no known form': [(bytes: Buffer) => `enc-${bytes.toString('hex')}`, false],
} as const;

describe.each(Object.entries(writings))('ciphertexts in %s', (_, [write, isBodyKnown]) => {
  test.each(Object.entries(schemes))('%s: related', (_name, seal) => {
    const found = relation(sealings(seal, write, isBodyKnown), false);
    expect(found?.what).toBe('equal plaintexts give equal ciphertexts');
    // To be deterministic is no excuse for a keystream that is used twice, nor for telling how a value begins.
    expect(relation(sealings(seal, write, isBodyKnown), true)?.what).toMatch(/begin alike|same keystream/);
  });

  test.each(Object.entries(sound))('%s: not related', (_name, seal) => {
    for (let times = 0; times < 20; times += 1) {
      expect(relation(sealings(seal, write, isBodyKnown), false)).toBeUndefined();
    }
  });
});

test('a deterministic scheme whose nonce comes from the plaintext tells of equal ones, and of nothing else', () => {
  const siv: Seal = (bytes) => {
    const mac = createCipheriv('aes-256-cbc', key, fixed);
    const iv = Buffer.concat([mac.update(bytes), mac.final()]).subarray(-16);
    return Buffer.concat([iv, stream('aes-256-ctr', () => iv)(bytes)]);
  };
  expect(
    relation(
      sealings(siv, (bytes) => bytes, true),
      true,
    ),
  ).toBeUndefined();
  expect(
    relation(
      sealings(siv, (bytes) => bytes, true),
      false,
    )?.what,
  ).toBe('equal plaintexts give equal ciphertexts');
});

test('a data key that is wrapped with the value, one at each of two servers, is no relation', () => {
  const wrapped = [randomBytes(184), randomBytes(184)];
  let call = 0;
  const seal: Seal = (bytes) => {
    call += 1;
    return Buffer.concat([wrapped[call % 2] ?? Buffer.alloc(0), randomBytes(12), randomBytes(bytes.length + 16)]);
  };
  const many = (count: number) =>
    Array.from({ length: count }, () => {
      const plaintext = canary(64);
      return { plaintext, bytes: [seal(plaintext)], isPure: false };
    });
  const [near = { plaintext, bytes: [], isPure: false }] = many(1);
  expect(relation({ equal: many(9), near, others: many(9) }, false)).toBeUndefined();
});

test.each([
  ['CTR', 'aes-256-ctr', true],
  ['CBC', 'aes-256-cbc', false],
] as const)('a fixed IV of one server of two is found in any pair of a round: %s', (_, algorithm, isCertain) => {
  // Turn about, and the first one is sound: neither neighbours nor the first one share anything.
  let call = 0;
  const seal: Seal = (bytes) => {
    call += 1;
    const iv = call % 2 === 1 ? randomBytes(16) : fixed;
    return Buffer.concat([iv, stream(algorithm, () => iv)(bytes)]);
  };
  expect(
    relation(
      sealings(seal, (bytes) => bytes, true),
      true,
    ),
  ).toMatchObject({ isCertain });
});

describe('a plaintext that was compressed', () => {
  const text = Buffer.from(`{"ni":"${plaintext.toString()}","again":"${plaintext.toString()}"}`);
  const kinds = { raw: deflateRawSync, zlib: deflateSync, gzip: gzipSync, brotli: brotliCompressSync };
  const behind = { nothing: 0, 'a version byte': 1, 'an IV': 12, 'a header': 16 };
  const cases = Object.entries(kinds).flatMap(([kind, compress]) =>
    Object.entries(behind).map(([what, length]) => [kind, what, compress, length] as const),
  );
  test.each(cases)('by %s is found behind %s, and before a tag', (_kind, _what, compress, length) => {
    const bytes = Buffer.concat([randomBytes(length), compress(text), randomBytes(16)]);
    expect(findPlaintext(bytes, plaintext)).toContain('compressed');
    expect(findPlaintext({ ciphertext: bytes.toString('base64') }, plaintext)).toContain('compressed');
  });

  test('is not sought for longer than it is worth', () => {
    const started = performance.now();
    findPlaintext(randomBytes(100_000), plaintext);
    // Some 60 ms on an idle machine; without a bound it is minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

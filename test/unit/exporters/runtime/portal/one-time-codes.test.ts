import { describe, expect, test } from 'vitest';
import { OneTimeCodes } from '../../../../../exporters/runtime/portal/auth/one-time-codes.js';
import { SecretText, SecretUnavailable } from '../../../../../pack/index.js';

const base32 = (ascii: string) => {
  const bits = [...Buffer.from(ascii)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('');
};
const seed = '1234567890123456789012345678901234567890123456789012345678901234';
const totp = (over = {}) => ({
  secret: SecretText.literal(''),
  algorithm: 'SHA1' as const,
  digits: 8,
  periodSeconds: 30,
  ...over,
});

describe('one-time codes', () => {
  // RFC 6238, appendix B.
  test.each([
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ])('at %i s are those of the RFC', (seconds, sha1, sha256, sha512) => {
    const codes = new OneTimeCodes(() => seconds * 1000);
    expect(codes.next(totp(), base32(seed.slice(0, 20)))).toBe(sha1);
    expect(codes.next(totp({ algorithm: 'SHA256' }), base32(seed.slice(0, 32)))).toBe(sha256);
    expect(codes.next(totp({ algorithm: 'SHA512' }), base32(seed))).toBe(sha512);
  });

  test('come of the address of a QR code, whose own length and period count', () => {
    const codes = new OneTimeCodes(() => 59_000);
    const address = `otpauth://totp/Portal:probe?secret=${base32(seed.slice(0, 20))}&digits=8&period=30`;
    expect(codes.next(totp({ digits: 6 }), address)).toBe('94287082');
    expect(codes.next(totp({ digits: 6 }), 'gezd gnbv gy3t qojq gezd gnbv gy3t qojq')).toBe('287082');
  });

  test.each(['not base32 0189', '', 'otpauth://hotp/x?secret=GEZDGNBV&counter=1', 'otpauth://totp/x'])(
    'of the secret %j there are none, and it is not quoted',
    (secret) => {
      const codes = new OneTimeCodes();
      expect(() => codes.next(totp(), secret)).toThrow(SecretUnavailable);
      expect(() => codes.next(totp(), secret)).toThrow(/neither Base32 nor an otpauth/);
    },
  );

  test('are given out once: a second login waits for the next', async () => {
    const start = Date.now();
    const codes = new OneTimeCodes(() => Date.now() - start + 900);
    const perSecond = totp({ periodSeconds: 1 });
    const secret = base32(seed.slice(0, 20));
    await codes.ready(perSecond, secret, new AbortController().signal);
    const first = codes.next(perSecond, secret);
    await codes.ready(perSecond, secret, new AbortController().signal);
    expect(codes.next(perSecond, secret)).not.toBe(first);
    const waiting = new AbortController();
    const wait = codes.ready(totp({ periodSeconds: 3600 }), secret, waiting.signal);
    waiting.abort(new Error('the exporter is stopping'));
    await expect(wait).rejects.toThrow('stopping');
  });
});

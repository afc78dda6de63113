import { brotliCompressSync, deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { isHeadlessCompressedText } from '../../../../../exporters/encryption/scan/compressed.js';

const text = 'Müller Anna, Hauptstraße 12, 80331 München';

test.each([
  ['UTF-8', Buffer.from(text)],
  ['ISO 8859-1', Buffer.from(text, 'latin1')],
  ['UTF-16', Buffer.from(text, 'utf16le')],
  ['another script', Buffer.from('Ιωάννης Παπαδόπουλος, Αθήνα 1980')],
])('compressed text without a head is found: %s', (_, bytes) => {
  expect([deflateRawSync(bytes), brotliCompressSync(bytes)].map(isHeadlessCompressedText)).toEqual([true, true]);
});

test('random bytes that inflate to a few bytes over and over are a ciphertext', () => {
  // One of a million: it begins with 94 cc, repeated, which reads as the middle of a text, and goes on with control bytes.
  const bytes = Buffer.from('9b728634c85b97818abdb3da8162a48b6573f4bf961c8e7a28c1301a9b62c0', 'hex');
  expect(isHeadlessCompressedText(bytes)).toBe(false);
});

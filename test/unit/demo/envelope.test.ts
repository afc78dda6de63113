import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { NotAuthentic, openEnvelope, sealEnvelope } from '../../../demo/portal/encryption/envelope.js';
import { placeOf } from '../../../demo/portal/encryption/fields.js';
import { DETAILS } from '../../../demo/portal/encryption/schema.js';

const key = createSecretKey(randomBytes(32));
const place = placeOf('ni_number', 7);
const sealed = sealEnvelope(key, 'v1', place, Buffer.from('QQ123456C'));

test('a ciphertext opens where it belongs', () => {
  expect(openEnvelope(key, place, sealed).toString()).toBe('QQ123456C');
});

test.each([
  ['row', placeOf('ni_number', 8), 'v1'],
  ['column', placeOf('dob', 7), 'v1'],
  ['table', place.replace(DETAILS, 'audit.log'), 'v1'],
  ['key version', place, 'v2'],
])('under another %s it does not', (_, elsewhere, version) => {
  expect([elsewhere, version]).not.toEqual([place, 'v1']);
  expect(() => openEnvelope(key, elsewhere, { ...sealed, key_version: version })).toThrow(NotAuthentic);
});

import { expect, test } from 'vitest';
import { hasReached, parseLsn } from '../../../../../exporters/runtime/postgres/lsn.js';

test('a position is read from its text', () => {
  expect(parseLsn('0/0')).toBe(0n);
  expect(parseLsn('1/2A')).toBe(4294967296n + 42n);
  for (const text of ['', '1', '1/2/3', 'x/y']) expect(() => parseLsn(text)).toThrow();
});

test('where a record ends with its page, the header of the next page is not waited for', () => {
  const page = 8192n;
  expect(hasReached(8192n, 8192n + 24n, page)).toBe(true);
  expect(hasReached(8192n, 8192n + 40n, page)).toBe(true);
  expect(hasReached(8191n, 8192n + 24n, page)).toBe(false);
  expect(hasReached(8192n, 8192n + 41n, page)).toBe(false);
  expect(hasReached(9000n, 9000n, page)).toBe(true);
});

import { describe, expect, test } from 'vitest';
import { isLinear, linearRegExp } from '../../../pack/linear-regex.js';

describe('a pattern that is sure to end', () => {
  test.each([
    'healthy',
    '^(a+)+$',
    '[0-9a-f]{32}',
    '^[A-Za-z0-9+/]{40,}={0,2}$',
    '[^"]{1,64}',
    '\\w{36}',
    '"id":"[0-9a-f]{32}".*"status":\\s*"ok"',
    '\\{17}',
    '[\\]{]{20}',
    '.{0,1000}x',
  ])('%s', (pattern) => {
    expect(isLinear(pattern)).toBe(true);
  });
});

describe('a pattern that may take for ever', () => {
  test.each(['(?=a)b', '(?<!x)a', '(a)\\1', '(?:a{1,30}){1,30}$', 'a{1001}'])('%s', (pattern) => {
    expect(isLinear(pattern)).toBe(false);
  });
});

describe('unrolled, it matches the same', () => {
  test.each([
    ['^[0-9a-f]{32}$', ['0'.repeat(31), '0'.repeat(32), '0'.repeat(33)]],
    ['^a{20,}$', ['a'.repeat(19), 'a'.repeat(20), 'a'.repeat(100)]],
    ['^a{18,40}$', ['a'.repeat(17), 'a'.repeat(18), 'a'.repeat(40), 'a'.repeat(41)]],
    ['^\\{17}$', ['{17}', '{'.repeat(17)]],
    ['^[{]{17}$', ['{'.repeat(17), '{17}']],
    ['^\\u0061{17}$', ['a'.repeat(17), 'a'.repeat(16)]],
  ])('%s', (pattern, texts) => {
    const plain = new RegExp(pattern);
    for (const text of texts) expect(linearRegExp(pattern).test(text), text).toBe(plain.test(text));
  });

  test('what is captured, greedy and lazy', () => {
    for (const pattern of ['<(.{0,40})>', '<(.{0,40}?)>', '(a{1,30})(a*)', '(a{1,30}?)(a*)', '(a{17,}?)(a*)']) {
      const text = `<one><two> ${'a'.repeat(35)}`;
      expect(linearRegExp(pattern).exec(text)?.slice(1), pattern).toEqual(new RegExp(pattern).exec(text)?.slice(1));
    }
  });
});

test('a hopeless search in a long text ends at once', () => {
  const started = performance.now();
  expect(linearRegExp('"id":"[0-9a-f]{32}".*.*.*"status":"ok"').test(`"id":"${'0'.repeat(32)}"`.repeat(20_000))).toBe(
    false,
  );
  expect(linearRegExp('^(a+)+$').test(`${'a'.repeat(50_000)}b`)).toBe(false);
  // Minutes and for ever, without it.
  expect(performance.now() - started).toBeLessThan(5000);
});

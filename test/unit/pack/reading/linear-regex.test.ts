import { describe, expect, test } from 'vitest';
import { isLinear, linearRegExp } from '../../../../pack/reading/linear-regex.js';

/** Whether V8's linear engine, of the Node that runs this, takes what would be run. */
function engineTakes(pattern: string): boolean {
  try {
    new RegExp(linearRegExp(pattern).source, 'l');
    return true;
  } catch {
    return false;
  }
}

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
    '(?<version>\\d+)\\b',
    '(?:a{1,4}){4}',
    '\\Ba|^$',
    '{x}',
    'a{,5}',
    ']',
    '\\k<a>',
    '\\u{41}',
    '(?:a{20}){0}b',
  ])('%s', (pattern) => {
    expect(isLinear(pattern)).toBe(true);
    expect(engineTakes(pattern)).toBe(true);
  });
});

/** Later engines take some of these. Validity must not depend on the Node that reads the description. */
describe('a pattern that may take for ever, at least on the oldest Node', () => {
  test.each([
    '(?=a)b',
    '(?!a)b',
    '(?<=x)a',
    '(?<!x)a',
    'b(?:c|(?<!x)a)*',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '(?:a{1,30}){1,30}$',
    '(?:a{4}){5}',
    '((((a+)+)+)+)+',
    'a{1001}',
    '(ab){17}',
  ])('%s', (pattern) => {
    expect(isLinear(pattern)).toBe(false);
  });
});

describe('no regular expression of every Node that is supported', () => {
  test.each([
    ['(unclosed', 'Unterminated group'],
    ['a{2,1}', 'numbers out of order'],
    ['[b-a]', 'Range out of order'],
    ['*', 'Nothing to repeat'],
    ['(?i:a)', 'Invalid group'],
    ['(?<a>x)|(?<a>y)', 'Duplicate capture group name'],
    ['a'.repeat(2001), 'longer than 2000 characters'],
  ])('%.20s', (pattern, message) => {
    expect(() => isLinear(pattern)).toThrow(SyntaxError);
    expect(() => linearRegExp(pattern)).toThrow(message);
  });

  test('nested as deeply as a pattern can be long', () => {
    expect(isLinear(`${'('.repeat(1000)}${')'.repeat(1000)}`)).toBe(true);
  });
});

test('what is called sure to end, the engine takes: 3,000 patterns made at random', () => {
  const random = randomNumbers(20_261_130);
  const pick = (choices: readonly string[]) => choices[Math.floor(random() * choices.length)] ?? '';
  const atom = (depth: number): string =>
    depth === 0 || random() < 0.5
      ? pick(['a', '.', '\\d', '[^b]', '\\{', '\\u0061', '\\cA', '\\b', '^', '$', '', '{', ']', '\\1', '(?<!x)', '\\0'])
      : `${pick(['(', '(?:', '(?:'])}${alternatives(depth - 1)})`;
  const term = (depth: number) => {
    const one = atom(depth);
    const repeatable = one !== '' && !/^(\^|\$|\\b|\(\?<!)/.test(one);
    return repeatable
      ? one + pick(['', '', '*', '+', '?', '{3}', '{0,4}', '{2,}', '{17}', '{5,40}?', '{0}', '{20,}'])
      : one;
  };
  const alternatives = (depth: number): string =>
    Array.from({ length: 1 + Math.floor(random() * 2) }, () => term(depth) + term(depth)).join('|');
  let linear = 0;
  for (let count = 0; count < 3000; count += 1) {
    const pattern = alternatives(3);
    let claimed: boolean;
    try {
      claimed = isLinear(pattern);
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
      continue;
    }
    if (!claimed) continue;
    linear += 1;
    expect(engineTakes(pattern), pattern).toBe(true);
  }
  expect(linear).toBeGreaterThan(300);
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
  // Processor time: a busy machine must not fail it.
  const started = process.cpuUsage();
  expect(linearRegExp('"id":"[0-9a-f]{32}".*.*.*"status":"ok"').test(`"id":"${'0'.repeat(32)}"`.repeat(20_000))).toBe(
    false,
  );
  expect(linearRegExp('^(a+)+$').test(`${'a'.repeat(50_000)}b`)).toBe(false);
  // Minutes and for ever, without it.
  expect(process.cpuUsage(started).user / 1000).toBeLessThan(5000);
});

/** The same numbers each time, 0..1 (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { describe, expect, test } from 'vitest';
import { isLinear, linearRegExp } from '../../../../pack/reading/linear-regex.js';

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
    '(?:a{1,30}){1,30}$',
    '((((a+)+)+)+)+',
    '(ab){17}',
  ])('%s', (pattern) => {
    expect(isLinear(pattern)).toBe(true);
    expect(() => linearRegExp(pattern)).not.toThrow();
  });
});

/** Validity must not depend on the Node that reads the description. */
describe('a pattern that may take for ever', () => {
  test.each([
    '(?=a)b',
    '(?!a)b',
    '(?<=x)a',
    '(?<!x)a',
    'b(?:c|(?<!x)a)*',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    'a{1001}',
    '(?:a{40}){40}',
    '(?:abcdefghij){201}',
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
    expect(isLinear(`${'('.repeat(400)}${')'.repeat(400)}`)).toBe(true);
    expect(isLinear(`${'('.repeat(1000)}${')'.repeat(1000)}`)).toBe(false);
  });
});

/** What JavaScript's own engine finds, which says what a pattern means. */
function native(pattern: string, flags: '' | 's', text: string): (string | undefined)[] | undefined {
  return [...(new RegExp(pattern, flags).exec(text) ?? [])];
}

function found(pattern: string, flags: '' | 's', text: string): (string | undefined)[] {
  const match = linearRegExp(pattern, flags).exec(text);
  if (match === null) return [];
  const places = Object.keys(match).filter((key) => key !== 'groups');
  return places.map((place) => match[Number(place)]);
}

describe("finds what JavaScript's engine finds", () => {
  test.each([
    ['^[0-9a-f]{32}$', ['0'.repeat(31), '0'.repeat(32), '0'.repeat(33)]],
    ['^a{18,40}$', ['a'.repeat(17), 'a'.repeat(18), 'a'.repeat(40), 'a'.repeat(41)]],
    ['^[{]{17}$', ['{'.repeat(17), '{17}']],
    ['<(.{0,40}?)>', ['<one><two>', '<\n>', '<\u2028>']],
    ['(a{17,}?)(a*)', ['a'.repeat(35)]],
    ['\\s+\\S', ['a\u00a0b', 'a\ufeff b', 'a\u180eb', 'a\vb']],
    ['[^\\s\\d]+', ['1 \u2003x', '12']],
    ['[\\W]', ['é', '_', 'K', '\u212a']],
    ['a$', ['a\n', 'ba']],
    ['^b', ['a\nb']],
    ['\\bé\\b', ['é', 'aéb']],
    ['x[]|[^]', ['x', '\n', '']],
    ['\\cJ|\\x41|\\u0042|\\0', ['\n', 'A', 'B', '\0']],
    ['[\\b-\\n]', ['\b', '\n', '\u000b']],
    ['\\/\\-\\.\\$', ['/-.$']],
    ['(a)|(b)', ['b', 'a']],
    ['(?<v>\\d+)-(?<n>x)?', ['12-', '12-x']],
    ['Ärger|grüße', ['viele grüße']],
    ['"total":"😀+"', ['"total":"😀"']],
  ])('%s', (pattern, texts) => {
    for (const text of texts) expect(found(pattern, '', text), text).toEqual(native(pattern, '', text));
  });

  test('by name, too, and undefined for a group that took no part', () => {
    expect({ ...linearRegExp('(?<v>\\d+)-(?<n>x)?').exec('id 12-')?.groups }).toEqual({ v: '12', n: undefined });
  });

  test('with the flag s a dot stands for a line end', () => {
    expect(found('a.b', 's', 'a\nb')).toEqual(['a\nb']);
    expect(found('a.b', '', 'a\nb')).toEqual([]);
  });

  test('in 1,000 patterns made at random, each in twenty texts', () => {
    const random = randomNumbers(20_261_130);
    const pick = (choices: readonly string[]) => choices[Math.floor(random() * choices.length)] ?? '';
    // A repeated part that can be empty is another matter: see re2-syntax.ts.
    interface Part {
      readonly text: string;
      readonly canBeEmpty: boolean;
    }
    const atom = (depth: number): Part => {
      if (depth > 0 && random() < 0.5) {
        const { text, canBeEmpty } = alternatives(depth - 1);
        return { text: `${pick(['(', '(?:', '(?:'])}${text})`, canBeEmpty };
      }
      return random() < 0.2
        ? { text: pick(['\\b', '\\B', '^', '$']), canBeEmpty: true }
        : {
            text: pick(['a', 'b', '.', '\\d', '[^b]', '\\{', '\\u0061', '{', ']', '\\s', '[a-c1]', '\\W']),
            canBeEmpty: false,
          };
    };
    const term = (depth: number): Part => {
      const one = atom(depth);
      if (one.canBeEmpty) return one;
      const count = pick(['', '', '*', '+', '?', '{3}', '{0,4}', '{2,}', '{5,7}?', '{0}', '*?', '+?', '??']);
      return { text: one.text + count, canBeEmpty: /^[*?]|^\{0/.test(count) };
    };
    const alternatives = (depth: number): Part => {
      const branches = Array.from({ length: 1 + Math.floor(random() * 2) }, () => [term(depth), term(depth)]);
      return {
        text: branches.map((terms) => terms.map(({ text }) => text).join('')).join('|'),
        canBeEmpty: branches.some((terms) => terms.every(({ canBeEmpty }) => canBeEmpty)),
      };
    };
    let compared = 0;
    for (let made = 0; made < 1000; made += 1) {
      const { text: pattern } = alternatives(3);
      if (!isLinear(pattern)) continue;
      const [ours, theirs] = [linearRegExp(pattern), new RegExp(pattern)];
      for (let index = 0; index < 20; index += 1) {
        const text = Array.from({ length: Math.floor(random() * 8) }, () =>
          pick(['a', 'b', '1', ' ', '\n', '{', ']', 'ß']),
        ).join('');
        // What a repeated group captured last is another matter: see re2-syntax.ts.
        expect(ours.exec(text)?.[0], `${pattern} in ${JSON.stringify(text)}`).toBe(theirs.exec(text)?.[0]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10_000);
  });
});

describe('takes time in proportion to the text', () => {
  const rows = Array.from(
    { length: 14_000 },
    (_, id) => `{"id":${id},"name":"Client ${id}","status":"active","total":1.5}`,
  );
  const json = `{"error":false,"items":[${rows.join()}]}`;
  test.each([
    ['id.*name.*error', json],
    ['"id":.*"errors"', json],
    ['<a [^>]*id="l"', `id="l" ${'<a '.repeat(340_000)}`],
    ['(\\w+\\s?)+:$', 'word '.repeat(200_000)],
    ['^(a+)+$', `${'a'.repeat(1_000_000)}b`],
    ['id.*?name.*?errors?!', json],
    ['"id":"[0-9a-f]{32}".*.*.*"status":"ok"', `"status":"ok" ${`"id":"${'0'.repeat(32)}"`.repeat(20_000)}`],
    ['(x+x+)+y', `y${'x'.repeat(1_000_000)}`],
    ['(.*,)*.*!', json],
  ])('%s in a megabyte', (pattern, text) => {
    // Processor time: a busy machine must not fail it. Minutes and for ever, with the engine of JavaScript.
    const started = process.cpuUsage();
    expect(linearRegExp(pattern).exec(text)).toBeNull();
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(5000);
  });
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

import { describe, expect, test } from 'vitest';
import { compileJsonPath, JsonPathExcess } from '../../../../pack/reading/json-path.js';

const valuesOf = (path: string, value: Parameters<ReturnType<typeof compileJsonPath>['query']>[0]) =>
  compileJsonPath(path).query(value).values();

/** By processor time, because other tests share the machine. */
function inTime<T>(work: () => T): T {
  const startedAt = process.cpuUsage();
  try {
    return work();
  } finally {
    expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(4000);
  }
}

describe('a pattern inside a path', () => {
  const items = [{ t: `${'a'.repeat(50_000)}!` }, { t: 'aab' }];

  test('takes time proportional to the text', () => {
    expect(inTime(() => valuesOf('$.items[?match(@.t, "(a+)+b")]', { items }))).toEqual([items[1]]);
    expect(inTime(() => valuesOf('$.items[?search(@.t, "(a*)*c")]', { items }))).toEqual([]);
  });

  test('and so when it comes from the answer', () => {
    expect(inTime(() => valuesOf('$.items[?match(@.t, $.p)]', { items, p: '(a|a)+b' }))).toEqual([items[1]]);
  });

  test.each(['((a{1,99}){1,99}){1,99}b', '\\\\p{L}+'])(
    '%s is refused while loading, because nothing bounds it',
    (pattern) => {
      expect(() => compileJsonPath(`$[?match(@, "${pattern}")]`)).toThrow(
        /^holds the pattern .*, which may take for ever$/,
      );
      expect(() => compileJsonPath(`$[?!(@.a && $..b[?search(@, "${pattern}")])]`)).toThrow(/which may take for ever$/);
    },
  );

  test('is no answer at all when it comes from the answer: exists: false must not hold by it', () => {
    expect(() => valuesOf('$.items[?match(@.t, $.p)]', { items, p: '((a{1,99}){1,99}){1,99}b' })).toThrow(
      JsonPathExcess,
    );
  });

  // From the compliance test suite of JSONPath (functions/match.json and search.json).
  test.each([
    ['$[?match(@, ".")]', ['\u2028', '\r', '\n', 'x', '\u{10330}', 'ab'], ['\u2028', 'x', '\u{10330}']],
    ['$[?match(@, "a[.b]c")]', ['abc', 'a.c', 'axc'], ['abc', 'a.c']],
    ['$[?match(@, "a\\\\.c")]', ['abc', 'a.c'], ['a.c']],
    ['$[?match(@, "ab*")]', ['abc', 'ab', 'a', 'xab'], ['ab', 'a']],
    ['$[?search(@, "a.*")]', ['bab', 'bcb'], ['bab']],
    ['$[?search(@, $[0])]', ['b.', 'bbb', 1], ['b.', 'bbb']],
    ['$[?match(@, 1)]', ['1', 1], []],
    ['$[?match(@, "[")]', ['['], []],
  ])('%s', (path, value, selected) => {
    expect(valuesOf(path, value)).toEqual(selected);
  });
});

describe('a path that multiplies what it visits', () => {
  const wide = Array.from({ length: 200_000 }, (_, index) => index);
  const nested = Array.from({ length: 40 }).reduce<object>(
    (inner) => ({ inner, list: Array(50).fill({ inner: 1 }) }),
    {},
  );

  test.each([
    ['$..*..*..*', nested],
    ['$..[*,*,*]..[*,*,*]..x', nested],
    ['$[?count($[*]) > 1]', wide.slice(0, 3000)],
    ['$..[?@..x]', nested],
    ['$..*', wide],
  ])('%s ends in time, and says that it could not be answered', (path, value) => {
    let outcome: unknown;
    try {
      // JSON of our own.
      outcome = inTime(() => valuesOf(path, JSON.parse(JSON.stringify(value))));
    } catch (error) {
      outcome = error;
    }
    if (!Array.isArray(outcome)) {
      expect(outcome).toBeInstanceOf(JsonPathExcess);
      expect(String(outcome)).toContain(path);
    }
  });

  test('three levels over an ordinary answer are fine, and each query counts anew', () => {
    const ordinary = Array.from({ length: 300 }, (_, index) => ({ a: [index, { b: [index] }] }));
    const path = compileJsonPath('$..a..b');
    for (let round = 0; round < 500; round += 1) expect(path.query(ordinary.slice(0, 5)).values()).toHaveLength(5);
    expect(path.query(ordinary).values()).toHaveLength(300);
  });
});

import { expect, test } from 'vitest';
import { excerpt, type Problem } from '../../../pack/index.js';

function problem(line: number, column: number, extra: Partial<Problem> = {}): Problem {
  return { file: 'pack.yaml', line, column, key: '', message: 'x', ...extra };
}

test('the line and the column are shown', () => {
  expect(excerpt(problem(2, 3), 'a: 1\nb:\tnew\r\nc: 3\n')).toEqual({ line: 2, text: 'b: new', caret: 2 });
});

test('a long line is cut around its place, and nothing in it moves the cursor', () => {
  const shown = excerpt(problem(1, 301), `${' '.repeat(300)}X\u001b[31m${'y'.repeat(300)}`);
  expect(shown?.text.length).toBe(100);
  expect(shown?.text[shown.caret]).toBe('X');
  expect(shown?.text).not.toContain('\u001b');
});

test.each([
  ['the problem is about a secret', 'x: hunter2', { confidential: true } as const],
  ['the key sounds like one', 'password: "hunter2', {}],
  ['it stands in a flow', '{ user: a, clientSecret: hunter2', {}],
  ['it stands in a URL', 'baseUrl: https://a:hunter2@portal', {}],
])('nothing is shown where %s', (_, line, extra) => {
  expect(excerpt(problem(1, 1, extra), line)).toBeUndefined();
});

test('a line that is too long to be judged is not shown', () => {
  expect(excerpt(problem(1, 1), 'a//'.repeat(300_000))).toBeUndefined();
});

test('references are no secrets', () => {
  expect(excerpt(problem(1, 1), `password: \${env:PASSWORD}`)?.text).toBe(`password: \${env:PASSWORD}`);
});

test('a place beyond the file shows nothing', () => {
  expect(excerpt(problem(9, 1), 'a: 1\n')).toBeUndefined();
  expect(excerpt(problem(1, 1), '')).toBeUndefined();
});

import { expect, test } from 'vitest';
import { excerpt, type Problem } from '../../../../pack/index.js';

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
  ['the key sounds like one and has no colon', 'password "hunter2', {}],
  ['it stands in a flow', '{ user: a, clientSecret: hunter2', {}],
])('nothing is shown where %s', (_, line, extra) => {
  expect(excerpt(problem(1, 1, extra), line)).toBeUndefined();
});

const portal = (line: string) => `portals:\n  main:\n    title: Main\n${line}\n    auth:\n      kind: basic\n`;
const inAuth = (line: string) => `${portal('    timeout: 5s')}${line}\n`;
const inStep = (line: string) => `workflows:\n  home:\n    steps:\n      - name: page\n${line}\n`;
test.each<[string, string, string, string]>([
  ['a key that sounds like one', 'password: "hunter2', '', 'password: …'],
  ['a URL', 'baseUrl: https://a:hunter2@portal', '', 'baseUrl: …'],
  ['a misspelled key, one in', inAuth('       pasword: hunter2'), '', '       pasword: …'],
  ['a misspelled key, one out', inAuth('     pasword: hunter2'), '', '     pasword: …'],
  ['a misspelled key, too far out', inAuth('   pasword: hunter2'), '', '   pasword: …'],
  ['a query', inStep('        query: { @oken: hunter2 }'), '', '        query: …'],
  ['a key cut by a brace', inAuth('      to{en: hunter2').replace('basic', 'header'), '', 'nothing'],
  [
    'a section cut by a brace',
    portal('    x: y').replace('auth:', 'au{th:').concat('      value: hunter2'),
    '',
    '      value: …',
  ],
  ['another key of a login', inAuth('      kind: bsic'), 'portals.main.auth.kind', '      kind: bsic'],
  [
    'another key of a login, with more',
    inAuth('      kind: { a: hunter2 }'),
    'portals.main.auth.kind',
    '      kind: …',
  ],
  ['a line of the portal', portal('    timeout:5s'), '', '    timeout:5s'],
  ['a line of a workflow', inStep('        path /'), '', '        path /'],
])('of %s no more is shown than may be', (_, text, key, expected) => {
  const at = text.split('\n').findIndex((line) => line.includes('hunter2') || line === expected) + 1;
  expect(excerpt(problem(at, 1, { key }), text)?.text ?? 'nothing').toBe(expected);
});

test('before an unknown key in braces nothing of a section of secrets is shown', () => {
  const line = '      vault: { tken: hunter2, knd: x }';
  const at = { keyOnly: true, key: 'encryption.main.providers.vault.knd' } as const;
  expect(excerpt(problem(1, 31, at), line)?.text).toBe(`${' '.repeat(30)}knd: …`);
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

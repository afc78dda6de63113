import { expect, test } from 'vitest';
import { parseYaml } from '../../../pack/yaml-document.js';

/** One mistake gives one problem, and the caret (the column of ^) stands at its cause. */
const mistakes: [name: string, text: string, problem: string][] = [
  ['a tab', 'a:\n  b: 1\n\tc: 2\n', '3:1 tabs are not allowed as indentation'],
  [
    'tabs in three lines',
    'a:\n\tb:\n\t\tc: x\n\t\td: y\n',
    '2:1 tabs are not allowed as indentation, here and in 2 more lines',
  ],
  ['a tab behind blanks', 'a:\n  b:\n  \tc: x\n', '3:3 tabs are not allowed as indentation'],
  ['a tab inside of braces', 'a:\n  b: {\n\tc: x }\n', '3:1 tabs are not allowed as indentation'],
  [
    'a variable alone',
    'q: { s: {term}, limit: 10 }\n',
    "1:9 {term} is a map without quotes; expected '{term}', in quotes",
  ],
  ['a variable and more', 'a:\n  x: {term}/abc\n  y: 1\n', '2:6 this begins a map, and text stands behind it'],
  ['two variables', 'a:\n  x: {a} {b}\n', '2:6 this begins a map, and text stands behind it'],
  ['a regular expression', 'a:\n  matches: [a-z]+\n', '2:12 this begins a list, and text stands behind it'],
  ['one inside of braces', 'a: { matches: ^[a-z]+$ }\n', '1:15 text and brackets are mixed in this value'],
  ['a reference inside of braces', 'a: { p: $' + '{env:X} }\n', '1:9 a reference inside of { } without quotes'],
  ['a colon', 'a:\n  title: Kingston: the portal\n', '2:10 a text with a colon and a blank in it'],
  [
    'a colon inside of braces',
    'a: { title: Kingston: the portal, b: x }\n',
    '1:13 a text with a colon and a blank in it',
  ],
  ['a reserved character', 'a:\n  b: @here\n', '2:6 a value cannot begin with @'],
  ['a star', 'a: [ */x ]\n', '1:6 alias */x names no anchor'],
  ['a list without its end', 'a:\n  b: [1, 2\nc:\n  d: 1\n', '2:6 this [ is never closed; expected a ] for it'],
  ['a map without its end', 'a:\n  b: { c: x\nd:\n  e: f\n', '2:6 this { is never closed; expected a } for it'],
  ['a quote without its end', 'a:\n  b: "unclosed\n  c: x\nd: e\n', '2:6 this " is never closed'],
  ['a quote inside of quotes', "a:\n  b: 'it's'\n  c: x\n", '2:10 text after the closing quote'],
  ['too many ends', 'c: [1]]\n', '1:7 this ] closes nothing'],
  ['one blank too few', 'a:\n  b:\n    c: x\n   d: y\n', '4:4 this line is indented differently from its neighbours'],
  ['blanks too many', 'a:\n  b: x\n      c: y\n', '3:7 this line is indented deeper than the one above'],
  ['no blank after a colon', 'a:\n  b:x\n  c: y\n', '2:4 no blank after the colon'],
  ['no colon', 'a:\n  b\n    c: x\n', '2:3 no colon after this key'],
  ['no blank after a dash', 'a:\n  -name: x\n   path: y\n', '2:3 no blank after the -'],
  ['a backslash', 'a: "\\d+"\n', '1:5 unknown escape after a backslash'],
  ['a key twice', 'a: 1\nb: 2\na: 3\n', "3:1 key 'a' is given twice"],
];

test.each(mistakes)('%s', (_, text, problem) => {
  const problems = parseYaml('x.yaml', text).problems.map(
    ({ line, column, message, expected }) =>
      `${line}:${column} ${message}${expected === undefined ? '' : `; expected ${expected}`}`,
  );
  expect(problems).toEqual([expect.stringContaining(problem)]);
});

test('two mistakes that have nothing to do with each other are both told', () => {
  const { problems } = parseYaml('x.yaml', 'a: {x} y\nb: 1\nc: @d\n');
  expect(problems.map(({ line }) => line)).toEqual([1, 3]);
});

test('what was written is not repeated: it may be a secret', () => {
  const { problems } = parseYaml('x.yaml', 'password: {hunter2-letmein} x\ntoken: "a" letmein\nkey: {a-letmein}\n');
  expect(JSON.stringify(problems)).not.toContain('letmein');
});

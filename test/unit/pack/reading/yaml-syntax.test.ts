import { expect, test } from 'vitest';
import { parseYaml } from '../../../../pack/reading/yaml-document.js';

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
    "1:9 a name in braces without quotes is a map; expected the braces in quotes, such as '{name}'",
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
  ['a star', 'a: [ */x ]\n', '1:6 this * begins an alias, and no anchor before it has that name'],
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
  [
    'no blank after a colon in braces',
    'a: { title:x, b: y }\n',
    '1:11 no blank after the colon; expected : and a blank',
  ],
  ['no blank after the only colon in braces', 'a: {title:x}\n', '1:10 no blank after the colon'],
  ['no colon in braces', 'a: { b: 1, c d }\n', '1:12 no colon after this key'],
  ['an item among keys', 'a:\n  b: x\n  - c\n', '3:3 an item of a list among the keys of a map'],
  [
    'an item with a key among keys',
    'a:\n  b:\n  - x\n  c: d\n  - e: f\n',
    '5:3 an item of a list among the keys of a map',
  ],
  ['a key among items', 'a:\n  - x\n  b: c\n', '3:3 a key among the items of a list'],
  ['no comma', 'a: { b: 1 c: 2 }\n', '1:11 no comma before this; expected a comma between two entries in { } or [ ]'],
  ['no comma, and more behind it', 'a: { b: x y: z, d: e }\n', '1:11 no comma before this'],
  ['no comma at the end of a line', 'a: { b: 1\n  c: 2 }\n', '2:3 no comma before this'],
  ['no comma behind a quote', 'a: { b: "x" c: y }\n', '1:13 no comma before this'],
  ['no comma behind a list', 'a: { b: [1] c: y }\n', '1:13 no comma before this'],
  ['no comma behind a map', 'a: { b: { c: d } e: f }\n', '1:18 no comma before this'],
  ['no comma between maps', 'a: [ { b: 1 } { c: 2 } ]\n', '1:15 no comma before this'],
  ['no comma between texts', 'a: [ "x" "y" ]\n', '1:10 no comma before this'],
  ['a comma too many', 'a: { b: 1,, c: 2 }\n', '1:11 nothing stands before this comma'],
  ['a tag', 'a: !secret x\n', '1:4 this ! begins a tag, and none of that name is known; expected the ! in quotes'],
  ['a directive', '%here x\n---\na: 1\n', '1:1 a % at the beginning of a line begins a directive'],
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

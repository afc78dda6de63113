import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidPack } from '../../../../pack/index.js';
import { layout } from '../../../../pack/layout.js';
import { removalText } from '../../../../pack/reading/inheritance.js';
import { keyOrigin, keyText, nodeAt, plain, valueOrigin } from '../../../../pack/reading/source-node.js';
import { parseYaml } from '../../../../pack/reading/yaml-document.js';
import { readSource } from '../../../../pack/reading/yaml-source.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kop-source-'));
  writeFileSync(join(folder, '20-later.yml'), 'a:\n  list: [9]\n  map: { y: 2, z: 3 }\n');
  writeFileSync(join(folder, '10-first.yaml'), 'a:\n  list: [1, 2]\n  map: { x: 1, y: 1 }\nb: kept\n');
  writeFileSync(join(folder, 'notes.txt'), 'not: read');
  writeFileSync(join(folder, '.hidden.yaml'), 'not: read');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a folder is read by name; maps merge key by key, lists and values are replaced', () => {
  const source = readSource([folder], layout);
  expect(source.files).toEqual([join(folder, '10-first.yaml'), join(folder, '20-later.yml')]);
  expect(plain(source.root)).toEqual({ a: { list: [9], map: { x: 1, y: 2, z: 3 } }, b: 'kept' });
});

test('each value remembers the file that said it', () => {
  const { root } = readSource([folder], layout);
  expect(valueOrigin(root, ['a', 'map', 'x'])).toEqual({ file: join(folder, '10-first.yaml'), line: 3, column: 13 });
  expect(valueOrigin(root, ['a', 'map', 'y'])).toEqual({ file: join(folder, '20-later.yml'), line: 3, column: 13 });
  expect(keyOrigin(root, ['a', 'list', 0])).toEqual({ file: join(folder, '20-later.yml'), line: 2, column: 10 });
});

test('a missing key is placed at the map that should hold it', () => {
  const { root } = readSource([folder], layout);
  expect(keyOrigin(root, ['a', 'map', 'missing', 'deeper'])).toMatchObject({ line: 3, column: 3 });
  expect(nodeAt(root, ['a', 'map', 'missing'])).toBeUndefined();
});

test('all files are looked at before any problem is thrown', () => {
  writeFileSync(join(folder, 'bad.txt'), 'a: [1\n');
  expect(() => readSource([join(folder, 'absent.yaml'), join(folder, 'bad.txt')], layout)).toThrow(
    expect.objectContaining({
      problems: [expect.objectContaining({ unreadable: true }), expect.objectContaining({ line: 1, column: 4 })],
    }),
  );
  expect(() => readSource([join(folder, 'absent.yaml')], layout)).toThrow(InvalidPack);
});

test('aliases and merge keys give copies; what is written beside a merge key wins', () => {
  const { root } = parseYaml('x.yaml', 'base: &base { a: 1, b: { c: 2 } }\nsame: *base\nmore: { <<: *base, a: 9 }\n');
  expect(root && plain(root)).toEqual({
    base: { a: 1, b: { c: 2 } },
    same: { a: 1, b: { c: 2 } },
    more: { a: 9, b: { c: 2 } },
  });
});

test('of several merged maps the first wins', () => {
  const { root } = parseYaml('x.yaml', 'a: &a { k: 1 }\nb: &b { k: 2, l: 3 }\nc: { <<: [*a, *b] }\n');
  expect(root && plain(root)).toMatchObject({ c: { k: 1, l: 3 } });
});

test.each([
  ['a tag that nobody understands', 'a: !vault x\n', 'this ! begins a tag, and none of that name is known'],
  ['an alias of itself', 'a: &a [*a]\n', 'the values are nested too deeply'],
  ['a map as a key', '? { a: 1 }\n: b\n', 'this key is not a word'],
])('%s is refused', (_, text, message) => {
  expect(parseYaml('x.yaml', text).problems).toEqual([expect.objectContaining({ message, file: 'x.yaml' })]);
});

test('keys that objects treat specially are plain keys', () => {
  const { root } = parseYaml('x.yaml', 'constructor: 1\ntoString: 2\n');
  expect(root && plain(root)).toEqual(Object.assign(Object.create(null), { constructor: 1, toString: 2 }));
});

describe('what earlier files say', () => {
  const merged = (...texts: string[]) => {
    const place = mkdtempSync(join(tmpdir(), 'kop-merge-'));
    try {
      const files = texts.map((text, index) => {
        const file = join(place, `${index}.yaml`);
        writeFileSync(file, text);
        return file;
      });
      const { root, removed } = readSource(files, layout);
      const paths = removed.map((one) =>
        one.by === 'list' ? removalText(one, root, layout.secrets) : `${keyText(one.path)} (${one.by})`,
      );
      return { all: JSON.parse(JSON.stringify(plain(root))), removed: paths };
    } finally {
      rmSync(place, { recursive: true });
    }
  };
  const shipped = 'portals: { a: { x: 1 } }\nworkflows: { one: { s: 1 }, two: { s: 2 } }\nteams: { t: { title: T } }\n';

  test('null removes one entry, or one key of it', () => {
    expect(merged(shipped, 'workflows: { two: null }\nportals: { a: { x: ~, y: 2 } }\n')).toEqual({
      all: { portals: { a: { y: 2 } }, workflows: { one: { s: 1 } }, teams: { t: { title: 'T' } } },
      removed: ['portals.a.x (null)', 'workflows.two (null)'],
    });
  });

  test('what is told as removed: keys at any depth, and only what no later file says again', () => {
    const deep = 'portals: { a: { limits: { x: 1, y: 2 }, auth: { kind: login, path: /x } }, b: { x: 1 } }\ntop: [1]\n';
    expect(merged(deep, 'portals: { a: { limits: { x: null }, auth: { kind: basic } } }\n').removed).toEqual([
      'portals.a.limits.x (null)',
    ]);
    expect(merged(deep, 'portals: { a: null, b: null }\n', 'portals: { b: { x: 2 } }\n').removed).toEqual([
      'portals.a (null)',
    ]);
    expect(merged(deep, 'portals: null\ntop: null\n').removed).toEqual([
      'portals.a (null)',
      'portals.b (null)',
      'top (null)',
    ]);
  });

  const rails =
    'portals: { a: { neverProbe: [/admin/**, /pay/*], auth: { x: 1 } } }\nalerting: { burn: [{ a: 1 }, { a: 2 }] }\n';
  const neverProbe = (...items: string[]) => `portals: { a: { neverProbe: [${items.join(', ')}] } }\n`;
  test.each<[string, string[], string[]]>([
    ['an empty list', [neverProbe()], ['portals.a.neverProbe (/admin/**)', 'portals.a.neverProbe (/pay/*)']],
    ['a shorter list', [neverProbe('/pay/*')], ['portals.a.neverProbe (/admin/**)']],
    ['another item in its place', [neverProbe('/pay/*', '/adm/**')], ['portals.a.neverProbe (/admin/**)']],
    ['the same in another order, and more', [neverProbe('/pay/*', '/x', '/admin/**')], []],
    ['what a third file says again', [neverProbe(), neverProbe('/admin/**')], ['portals.a.neverProbe (/pay/*)']],
    ['fewer maps', ['alerting: { burn: [{ a: 3 }] }\n'], ['alerting.burn (1 of 2 items)']],
    ['as many maps', ['alerting: { burn: [{ a: 3 }, { a: 4 }] }\n'], []],
    ['null', ['portals: { a: { neverProbe: null } }\n'], ['portals.a.neverProbe (null)']],
  ])('items of a list that are gone are told as removed: %s', (_, later, removed) => {
    expect(merged(rails, ...later).removed).toEqual(removed);
  });

  test('of an item that may be a secret no more is told than that one is gone', () => {
    const secret = (list: string) => `workflows: { w: { steps: { s: { list: [${list}] } } } }\n`;
    expect(merged(secret('"token: hunter2", b'), secret('b')).removed).toEqual(['workflows.w.steps.s.list (an item)']);
  });

  test('extends: none starts from nothing', () => {
    expect(merged(shipped, 'extends: none\nworkflows: { mine: { s: 3 } }\n')).toEqual({
      all: { workflows: { mine: { s: 3 } } },
      removed: ['portals.a (extends)', 'workflows.one (extends)', 'workflows.two (extends)', 'teams.t (extends)'],
    });
  });

  test('extends: with a list keeps those sections', () => {
    expect(merged(shipped, 'extends: [teams]\nworkflows: { mine: { s: 3 } }\n').all).toEqual({
      teams: { t: { title: 'T' } },
      workflows: { mine: { s: 3 } },
    });
  });

  test('a file after it adds again, and one that says it first changes nothing', () => {
    expect(merged('extends: none\na: { x: 1 }\n', 'a: { y: 2 }\n').all).toEqual({ a: { x: 1, y: 2 } });
  });

  test('another kind replaces the whole map: its keys mean something else', () => {
    expect(merged('auth: { kind: login, path: /x }\n', 'auth: { kind: basic, username: u }\n').all).toEqual({
      auth: { kind: 'basic', username: 'u' },
    });
    expect(merged('auth: { kind: login, path: /x }\n', 'auth: { path: /y }\n').all).toEqual({
      auth: { kind: 'login', path: '/y' },
    });
  });
});

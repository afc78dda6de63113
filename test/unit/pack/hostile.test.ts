import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Document, parseDocument, visit } from 'yaml';
import { formatProblem, InvalidPack, loadPack } from '../../../pack/index.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const minimal = 'test/fixtures/pack/minimal.yaml';

/** Anything but a list of problems fails the test: an error of JavaScript's own is a stack to whoever runs it. */
function problemsOf(text: string | Buffer, name = 'hostile.yaml'): string[] {
  const file = join(folder, name);
  writeFileSync(file, text);
  return messagesOf([minimal, file]);
}

function messagesOf(paths: readonly string[]): string[] {
  try {
    loadPack(paths, { requireSecrets: false });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidPack)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''));
  }
}

const deep = 200_000;

describe('a file that is made to be too much for its reader', () => {
  test.each<[string, () => string, string]>([
    [
      'nested lists',
      () => `a: ${'['.repeat(deep)}`,
      'hostile.yaml:1:104: the values are nested too deeply; expected at most 100 levels',
    ],
    [
      'nested maps',
      () => `a: ${'{a: '.repeat(deep)}`,
      'hostile.yaml:1:404: the values are nested too deeply; expected at most 100 levels',
    ],
    [
      'lists in lists on one line',
      () => `a:\n${'- '.repeat(deep)}1`,
      'hostile.yaml:2:403: the values are nested too deeply; expected at most 100 levels',
    ],
    [
      'keys in keys on one line',
      () => '? '.repeat(deep),
      'hostile.yaml:1:403: the values are nested too deeply; expected at most 100 levels',
    ],
    [
      'ever deeper lines',
      () => Array.from({ length: 1200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'hostile.yaml:402:403: the values are nested too deeply; expected at most 100 levels',
    ],
    [
      'a deep one that is short enough for the parser',
      () => `a: ${'['.repeat(99)}{a: {b: 1}}${']'.repeat(99)}`,
      'hostile.yaml:1:107: the values are nested too deeply; expected at most 100 levels',
    ],
    [
      'too many values',
      () => `a: [${'1,'.repeat(deep)}1]`,
      'hostile.yaml:1:400001: the file holds too many values; expected at most 100000 values',
    ],
    [
      'too many brackets that close nothing',
      () => ']'.repeat(deep),
      'hostile.yaml:1:21: this ] closes nothing; expected a [ before it',
    ],
    [
      'too many documents',
      () => '---\n'.repeat(deep),
      'hostile.yaml:11:1: another YAML document begins here; expected one document a file',
    ],
    [
      'too many bytes',
      () => `# ${'x'.repeat(5 * 1024 * 1024)}`,
      'hostile.yaml: the file is larger than 4 MiB; expected a file of at most 4 MiB',
    ],
  ])('%s', (_, text, problem) => {
    const written = text();
    const startedAt = process.cpuUsage();
    expect(problemsOf(written)).toEqual([problem]);
    expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(2000);
  });

  test('keys given twice are found among many', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(problemsOf(`teams:\n  t:\n    ${keys.replaceAll('\n', '\n    ')}\n    k7: 1\n`)).toContain(
      "hostile.yaml:10003:5: key 'k7' is given twice",
    );
  });
});

/** Names that every object of JavaScript has: what looks one up by a name from the file finds a function. */
const inherited = ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'];

describe('names that objects have by themselves', () => {
  const complete = [
    'pack/complete.yaml',
    'audit-trail/pack/complete-audit.yaml',
    'encryption/pack/complete-encryption.yaml',
    'pack/minimal.yaml',
  ].map((path) => ({ name: basename(path), text: readFileSync(join('test/fixtures', path), 'utf8') }));

  test.each(complete)(
    'in the place of each key and value of $name are problems or fine, never an error',
    ({ text }) => {
      const places = countPlaces(parseDocument(text));
      // One place in eight: all of them take a minute, and are tried with KOP_LONG=1.
      const step = process.env.KOP_LONG === '1' ? 1 : 8;
      for (let place = 0; place < places; place += step) {
        const document = parseDocument(text);
        replace(document, place, inherited[(place / step) % inherited.length] ?? '');
        expect(() => problemsOf(String(document))).not.toThrow();
      }
    },
  );
});

function countPlaces(document: Document): number {
  let count = 0;
  visit(document, {
    Scalar() {
      count += 1;
    },
  });
  return count;
}

function replace(document: Document, place: number, name: string): void {
  let at = 0;
  visit(document, {
    Scalar(_, node) {
      if (at === place) node.value = name;
      at += 1;
    },
  });
}

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem, InvalidPack, loadPack } from '../../pack/index.js';
import { packFixtures } from '../support/pack-fixtures.js';

/**
 * One fixture a rule: what an operator reads is part of the contract, its position included. The expected problems
 * are the first lines of each fixture.
 */
const folder = 'test/fixtures/pack';
const minimal = join(folder, 'minimal.yaml');

test('the base of the fixtures is valid, so that each shows one mistake', () => {
  expect(loadPack([minimal]).workflows.map(({ name }) => name)).toEqual(['home']);
});

describe('each mistake is answered with its place, what was expected, and what was probably meant', () => {
  test.each(packFixtures(/^invalid-.*\.yaml$/).map((path) => [basename(path), path]))('%s', (_name, path) => {
    const expected = [...readFileSync(path, 'utf8').matchAll(/^# expect: (.*)$/gm)].map(([, line]) => line);
    expect(expected).not.toEqual([]);
    expect(problemsOf([minimal, path])).toEqual(expected);
  });
});

describe('what cannot be read at all', () => {
  test.each([
    ['absent.yaml', 'absent.yaml: no such file or folder; expected a file or folder that exists and can be read'],
    ['empty-folder', 'empty-folder: the folder holds no configuration; expected files named *.yaml or *.yml in it'],
    ['not-utf8.yaml', 'not-utf8.yaml: the file is not UTF-8 text; expected a YAML file in UTF-8'],
  ])('%s', (name, expected) => {
    expect(problemsOf([join(folder, name)])).toEqual([expected]);
  });
});

test('nothing written is not nothing wrong', () => {
  expect(problemsOf([join(folder, 'comments-only.yaml')])).toEqual([
    'comments-only.yaml:1:1: portals: is missing; expected a map of portals by name',
  ]);
});

function problemsOf(paths: readonly string[]): string[] {
  try {
    loadPack(paths);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidPack)) {
      throw error;
    }
    return error.problems.map((problem) =>
      formatProblem({
        ...problem,
        file: basename(problem.file),
        message: problem.message.replace(process.cwd(), ''),
      }),
    );
  }
}

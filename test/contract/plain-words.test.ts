/** Documentation, metrics' help and log messages use the words of docs/glossary.md, whose last table is the list. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metricFamilies, recordedSeries } from '../../pack/metric-catalogue.js';

const GLOSSARY = 'docs/glossary.md';
const HEADING = '## Words that the pack does not use';

/** The words of the left column: plain words, or regular expressions between slashes. */
function forbiddenWords(glossary: string): readonly RegExp[] {
  const table = glossary.split(HEADING)[1] ?? '';
  const rows = [...table.matchAll(/^\| ((?:[^|\\]|\\.)+) \|/gm)].slice(2).map(([, words = '']) => words);
  return rows.flatMap((words) =>
    words
      .replaceAll('\\|', '|')
      .split(', ')
      .map((word) => {
        const pattern = /^\/(.*)\/$/.exec(word)?.[1] ?? word;
        return new RegExp(`\\b(?:${pattern})\\b`, 'i');
      }),
  );
}

/** Prose only: names, keys and commands in code spans and blocks are not sentences. */
function prose(markdown: string): string {
  return markdown
    .replaceAll(/^```.*?^```/gms, '')
    .replaceAll(/`[^`\n]*`/g, '')
    .replaceAll(/\]\([^)]*\)/g, ']');
}

function offences(text: string, words: readonly RegExp[]): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => words.flatMap((word) => (word.test(line) ? [`${word.source}: ${line}`] : [])));
}

const glossary = readFileSync(GLOSSARY, 'utf8');
const words = forbiddenWords(glossary);
const filesIn = (...patterns: readonly string[]) =>
  execFileSync('git', ['ls-files', ...patterns], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

test('the glossary lists words and what to write instead', () => {
  expect(words.length).toBeGreaterThan(20);
  expect(words.some((word) => word.test('a sample was tainted'))).toBe(true);
  expect(words.some((word) => word.test('workflow_runs_tainted_total'))).toBe(false);
});

/** The texts of alerts and their runbooks are rewritten together, and not here. */
const pages = filesIn('README.md', 'CONTRIBUTING.md', 'docs/*.md').filter((path) => !path.startsWith('docs/runbooks/'));

test.each(pages)('%s uses plain words', (path) => {
  const text = path === GLOSSARY ? (glossary.split(HEADING)[0] ?? '') : readFileSync(path, 'utf8');
  expect(offences(prose(text), words)).toEqual([]);
});

test('the help of every metric and recorded series uses plain words', () => {
  const declared = [...metricFamilies().flatMap(({ metrics }) => Object.values(metrics)), ...recordedSeries(['5m'])];
  const help = declared.map((series) => `${series.name}: ${series.help}`);
  expect(help.length).toBeGreaterThan(100);
  expect(offences(help.join('\n'), words)).toEqual([]);
});

describe('log messages', () => {
  const sources = filesIn('exporters/*.ts', 'cli/*.ts');
  const messages = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\blog\w*\.(?:debug|info|warn|error)\(\s*(['`])((?:(?!\1).)+)\1/g)].map(
      ([, , message = '']) => `${path}: ${message}`,
    ),
  );

  test('use plain words', () => {
    expect(messages.length).toBeGreaterThan(30);
    expect(offences(messages.join('\n'), words)).toEqual([]);
  });
});

test('each term of the glossary has a meaning and a source', () => {
  const rows = (glossary.split(HEADING)[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (term|-)/.test(line));
  expect(rows.length).toBeGreaterThan(60);
  for (const row of rows) expect(row).toMatch(/^\| [^|]+ \| [^|]+\. \| \[[^\]]+\]\([^)]+\) \|$/);
});

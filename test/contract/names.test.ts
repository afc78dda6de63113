/** An exported name means one thing: a search for it, or an import by name, finds one declaration. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const DECLARATION =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|function\*?|class|interface|type|enum)\s+([A-Za-z_$][\w$]*)/gm;

/** Names that a source declares and exports. Re-exports declare nothing. */
function declaredNames(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(DECLARATION)].map(([, name = '']) => name));
}

/** Each name that more than one file declares, with these files. A type and a value of one file may share a name. */
function declaredTwice(sources: readonly (readonly [path: string, text: string])[]): readonly string[] {
  const paths = new Map<string, string[]>();
  for (const [path, text] of sources) {
    for (const name of declaredNames(text)) paths.set(name, [...(paths.get(name) ?? []), path]);
  }
  return [...paths].filter(([, where]) => where.length > 1).map(([name, where]) => `${name}: ${where.join(', ')}`);
}

const folders = ['pack', 'exporters', 'cli', 'alert-rules/src', 'dashboards/src', 'demo'];
const sources = execFileSync('git', ['ls-files', ...folders.map((folder) => `${folder}/*.ts`)], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && !path.endsWith('.d.ts'))
  .map((path) => [path, readFileSync(path, 'utf8')] as const);

test('no exported name is declared by two files', () => {
  expect(sources.length).toBeGreaterThan(500);
  expect(declaredTwice(sources)).toEqual([]);
});

test('a second declaration is found, a re-export is not one', () => {
  const first = ['a.ts', 'export interface Session {}'] as const;
  expect(declaredTwice([first, ['b.ts', 'export class Session {}']])).toEqual(['Session: a.ts, b.ts']);
  expect(declaredTwice([first, ['index.ts', "export type { Session } from './a.js';"]])).toEqual([]);
});

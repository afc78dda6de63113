/** The import rules of docs/architecture.md. Cycles are Biome's matter (noImportCycles). */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * `may` names folders; `*` in `from` is any one folder, and `*` in `may` is that same one; `/.` is what
 * stands in the folder itself. The first that fits holds.
 */
interface ImportRule {
  readonly from: string;
  readonly may: readonly string[];
}

/** What all dashboards are made of. */
const shared = ['dashboards/src/kit', 'dashboards/src/overview'];

/** A rule says it once for all domains: a new exporter edits nothing here. */
const rules: readonly ImportRule[] = [
  { from: 'pack', may: ['pack'] },
  { from: 'exporters/runtime', may: ['pack', 'exporters/runtime'] },
  { from: 'exporters/*', may: ['pack', 'exporters/runtime', 'exporters/*'] },
  { from: 'alert-rules/src/tests', may: ['pack', 'alert-rules/src'] },
  { from: 'alert-rules/src/*', may: ['pack', 'alert-rules/src/.', 'alert-rules/src/tests', 'alert-rules/src/*'] },
  { from: 'alert-rules/src', may: ['pack', 'alert-rules/src'] },
  { from: 'dashboards/src/*', may: ['pack', 'dashboards/src/.', ...shared, 'dashboards/src/*'] },
  { from: 'dashboards/src', may: ['pack', 'dashboards/src'] },
  { from: 'demo', may: ['pack', 'exporters', 'alert-rules/src', 'dashboards/src', 'demo'] },
  { from: 'cli', may: ['pack', 'exporters', 'alert-rules/src', 'dashboards/src', 'demo', 'cli'] },
  { from: 'bench', may: ['pack', 'exporters', 'alert-rules/src', 'dashboards/src', 'demo', 'bench'] },
];

const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** Paths of modules that this one names, from the root. */
function importsOf(path: string, text: string): readonly string[] {
  return [...text.matchAll(SPECIFIER)].map(([, specifier = '']) => normalize(`${dirname(path)}/${specifier}`));
}

/** What a module may not import. */
function forbidden(path: string, text: string): readonly string[] {
  const rule = rules.find(({ from }) => isBelow(path, from));
  if (rule === undefined) return [];
  const [, own = ''] = pattern(rule.from).exec(path) ?? [];
  const may = rule.may.map((folder) => folder.replace('*', own));
  return importsOf(path, text).filter((wanted) => !may.some((folder) => isBelow(wanted, folder)));
}

function isBelow(path: string, folder: string): boolean {
  return pattern(folder).test(path);
}

function pattern(folder: string): RegExp {
  if (folder.endsWith('/.')) return new RegExp(`^${folder.slice(0, -1)}[^/]+$`);
  return new RegExp(`^${folder.replace('*', '([^/]+)')}/`);
}

const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(path));

describe('imports', () => {
  test('follow the rules of docs/architecture.md', () => {
    const wrong = sources.flatMap((path) =>
      forbidden(path, readFileSync(path, 'utf8')).map((wanted) => `${path} imports ${wanted}`),
    );
    expect(wrong).toEqual([]);
  });

  test('every folder of sources has a rule', () => {
    const folders = readdirSync('.', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && sources.some((path) => path.startsWith(`${entry.name}/`)))
      .map(({ name }) => name)
      .filter((name) => name !== 'test');
    const ruled = new Set(rules.map(({ from }) => from.split('/')[0]));
    expect(folders.filter((name) => !ruled.has(name))).toEqual([]);
  });

  test.each([
    ['pack/load.ts', '../exporters/runtime/log.js'],
    ['exporters/runtime/log.ts', '../encryption/index.js'],
    ['exporters/encryption/index.ts', '../workflow/index.js'],
    ['exporters/next/index.ts', '../encryption/index.js'],
    ['exporters/encryption/index.ts', '../../cli/kop.js'],
    ['alert-rules/src/index.ts', '../../exporters/runtime/log.js'],
    ['alert-rules/src/encryption/tests/index.ts', '../../workflow/tests/measuring.js'],
    ['dashboards/src/encryption/dashboard.ts', '../workflow/words.js'],
    ['dashboards/src/index.ts', '../../alert-rules/src/index.js'],
    ['demo/stack/index.ts', '../../cli/kop.js'],
    ['cli/kop.ts', '../test/run.js'],
  ])('%s may not import %s', (path, specifier) => {
    expect(forbidden(path, `import { a } from '${specifier}';`)).toHaveLength(1);
    expect(forbidden(path, `const a = await import('${specifier}');`)).toHaveLength(1);
  });

  test.each([
    ['exporters/encryption/probe/round.ts', '../providers/open.js'],
    ['exporters/next/index.ts', '../../pack/index.js'],
    ['exporters/next/index.ts', '../runtime/log.js'],
  ])('%s may import %s', (path, specifier) => {
    expect(forbidden(path, `import type { A } from '${specifier}';`)).toEqual([]);
  });
});

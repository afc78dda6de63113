/** The import rules of docs/architecture.md. Cycles are Biome's matter (noImportCycles). */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * `may` names folders and modules; `*` in `from` is any one folder, and `*` in `may` is that same one; `/.` is what
 * stands in the folder itself. The first that fits holds.
 */
interface ImportRule {
  readonly from: string;
  readonly may: readonly string[];
}

/** How a description is read, and where its secrets are: neither knows a section by name. */
const reading = ['pack/reading', 'pack/secrets'];
/** What all domains of the description share. */
const sharedByDomains = [
  ...reading,
  'pack/portal',
  'pack/policy',
  'pack/postgres',
  'pack/sealing',
  'pack/metrics',
  'pack/domain.js',
];
/** What every other part may see of a description, beside its own domain. */
const packForAll = [...sharedByDomains, 'pack/index.js'];
/** What all dashboards are made of. */
const panels = ['dashboards/src/kit', 'dashboards/src/overview'];

/** A rule says it once for all domains: a new one edits nothing here. */
const rules: readonly ImportRule[] = [
  { from: 'pack/reading', may: reading },
  { from: 'pack/secrets', may: reading },
  { from: 'pack/metrics', may: ['pack/metrics'] },
  { from: 'pack/portal', may: ['pack/portal', ...reading, 'pack/shared/rule.js'] },
  { from: 'pack/policy', may: ['pack/policy', 'pack/metrics', ...reading, 'pack/shared/rule.js'] },
  { from: 'pack/postgres', may: ['pack/postgres', ...reading] },
  { from: 'pack/sealing', may: ['pack/sealing', ...reading] },
  { from: 'pack/shared', may: ['pack/shared', 'pack/portal', 'pack/policy', 'pack/metrics', ...reading] },
  { from: 'pack/*', may: [...sharedByDomains, 'pack/*'] },
  { from: 'pack', may: ['pack'] },
  { from: 'exporters/runtime', may: [...packForAll, 'exporters/runtime'] },
  { from: 'exporters/*', may: [...packForAll, 'pack/*', 'exporters/runtime', 'exporters/*'] },
  { from: 'alert-rules/src/tests', may: [...packForAll, 'alert-rules/src/.', 'alert-rules/src/tests'] },
  {
    from: 'alert-rules/src/*',
    may: [...packForAll, 'pack/*', 'alert-rules/src/.', 'alert-rules/src/tests', 'alert-rules/src/*'],
  },
  { from: 'alert-rules/src', may: ['pack', 'alert-rules/src'] },
  { from: 'dashboards/src/kit', may: [...packForAll, 'dashboards/src/.', ...panels] },
  { from: 'dashboards/src/overview', may: [...packForAll, 'dashboards/src/.', ...panels] },
  { from: 'dashboards/src/*', may: [...packForAll, 'pack/*', 'dashboards/src/.', ...panels, 'dashboards/src/*'] },
  { from: 'dashboards/src', may: ['pack', 'dashboards/src'] },
  { from: 'demo', may: ['pack', 'exporters', 'alert-rules/src', 'dashboards/src', 'demo'] },
  { from: 'cli', may: ['pack', 'exporters', 'alert-rules/src', 'dashboards/src', 'demo', 'cli'] },
  { from: 'bench', may: ['pack', 'exporters', 'alert-rules/src', 'dashboards/src', 'demo', 'bench'] },
];

const LOADED = /^(?:import|export)\b(?! type\b)[^;'"]*['"](\.{1,2}\/[^'"]+)['"];/gm;
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
  return importsOf(path, text).filter(
    (wanted) => !may.some((allowed) => wanted === allowed || isBelow(wanted, allowed)),
  );
}

/** Modules that are loaded with this one: not those it names for their types, or asks for later. */
function loadedBy(path: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(path)) return known;
  known.add(path);
  for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(LOADED)) {
    loadedBy(normalize(`${dirname(path)}/${specifier}`).replace(/\.js$/, '.ts'), known);
  }
  return known;
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
    ['pack/reading/parse.ts', '../layout.js'],
    ['pack/reading/parse.ts', '../workflow/schema/workflow.js'],
    ['pack/secrets/rules.ts', '../encryption/secret-places.js'],
    ['pack/portal/resolve.ts', '../workflow/model.js'],
    ['pack/encryption/schema/scan.ts', '../../audit-trail/schema/trail.js'],
    ['pack/next/rules.ts', '../workflow/model.js'],
    ['pack/next/rules.ts', '../domains.js'],
    ['exporters/runtime/log.ts', '../../pack/workflow/metrics.js'],
    ['exporters/next/metrics.ts', '../../pack/workflow/metrics.js'],
    ['alert-rules/src/next/index.ts', '../../../pack/workflow/recorded.js'],
    ['alert-rules/src/tests/exporters.ts', '../workflow/tests/world.js'],
    ['dashboards/src/overview/overview.ts', '../../../pack/workflow/recorded.js'],
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
    ['pack/next/rules.ts', '../domain.js'],
    ['pack/next/rules.ts', '../policy/rules/references.js'],
    ['pack/next/schema/next.ts', '../model.js'],
    ['exporters/next/index.ts', '../../pack/index.js'],
    ['exporters/next/metrics.ts', '../../pack/next/metrics.js'],
    ['exporters/next/index.ts', '../runtime/log.js'],
  ])('%s may import %s', (path, specifier) => {
    expect(forbidden(path, `import type { A } from '${specifier}';`)).toEqual([]);
  });

  // What it gets is read already. With the schemas, each thread takes twice as long to start, and more memory.
  test.each(sources.filter((path) => /^exporters\/[^/]+\/worker\.ts$/.test(path)))(
    'the measuring thread %s starts without the schemas of a description',
    (worker) => {
      expect([...loadedBy(worker)].filter((path) => /^pack\/(index|load)\.ts$|\/schema\//.test(path))).toEqual([]);
    },
  );
});

test('docs/architecture.md names each file of the pack over 350 lines with its one reason to change, and no other', () => {
  const [, section = ''] = readFileSync('docs/architecture.md', 'utf8').split('\n## Files over 350 lines\n');
  const named = [...section.replace(/\n## [\s\S]*/, '').matchAll(/^\| `([^`]+)` \|/gm)].map(([, glob = '']) => glob);
  const long = sources.filter(
    (path) =>
      /^(?:alert-rules|cli|dashboards|exporters|pack)\//.test(path) &&
      readFileSync(path, 'utf8').trimEnd().split('\n').length > 350,
  );
  const isNamed = (path: string, glob: string) => new RegExp(`^${glob.replace('*', '[^/]+')}$`).test(path);
  expect(long.filter((path) => !named.some((glob) => isNamed(path, glob)))).toEqual([]);
  expect(named.filter((glob) => !long.some((path) => isNamed(path, glob)))).toEqual([]);
});

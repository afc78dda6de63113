import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { alertFiles } from '../../../alert-rules/src/index.js';
import { loadPack } from '../../../pack/index.js';
import { promtools } from '../promql.js';
import { neededGroups, type YamlGroup, type YamlScenario } from './needed-rules.js';

const pack = loadPack(['pack.yaml'], { requireSecrets: false });
const generated = new Map(alertFiles(pack).map(({ path, text }) => [path, text]));
const tests = [...generated.keys()].filter((path) => path.startsWith('alert-rules/tests/'));

/**
 * The rule tests as promtool runs them. In parts, each a test file of its own, because together they take minutes of
 * one processor.
 */
const parts = {
  'audit-trail': /\/audit-trail\./,
  'audit-trail-parts': /\/audit-trail-/,
  encryption: /\/encryption/,
} as const;

/** @param part `others` is whatever no other part takes, so that a new test is never left out in silence. */
export function passes(part: keyof typeof parts | 'others'): void {
  const isOfPart = (path: string) =>
    part === 'others' ? !Object.values(parts).some((each) => each.test(path)) : parts[part].test(path);
  // Groups are evaluated at once in Prometheus, and by promtool in an order that it draws; of some, both must do.
  const isOfGroups = (path: string) => path.includes('-burn');
  const ofPart = tests.filter(isOfPart);

  describe.skipIf(promtools.length === 0).each(promtools)('%s', (promtool) => {
    const test = async (path: string, order: 'as it comes' | 'first' | 'last'): Promise<void> => {
      const folder = mkdtempSync(join(tmpdir(), 'kop-rule-tests-'));
      try {
        const parts = inParts(path, order, folder);
        // Each scenario is a database of its own and soon garbage: collected only when there is much of it, it takes a
        // fifth less time.
        const env = { ...process.env, GOGC: 'off', GOMEMLIMIT: '400MiB' };
        const { stdout } = await promisify(execFile)(promtool, ['test', 'rules', ...parts], { env });
        expect(stdout.match(/SUCCESS/g)).toHaveLength(parts.length);
      } finally {
        rmSync(folder, { recursive: true });
      }
    };

    it.each(ofPart.filter((path) => !isOfGroups(path)))('passes %s', { timeout: 120_000 }, (path) =>
      test(path, 'as it comes'),
    );

    it.each(ofPart.filter(isOfGroups).flatMap((path) => [[path, 'first'] as const, [path, 'last'] as const]))(
      'passes %s with the slices recorded %s',
      { timeout: 120_000 },
      test,
    );
  });
}

/**
 * The same scenarios, in files for those that need the same rules, with these rules only.
 *
 * @returns the paths of the test files.
 */
function inParts(path: string, slices: 'as it comes' | 'first' | 'last', folder: string): readonly string[] {
  const whole: { readonly rule_files: readonly string[]; readonly tests: readonly YamlScenario[] } = parse(
    generated.get(path) ?? '',
  );
  const groups: readonly YamlGroup[] = whole.rule_files.flatMap(
    (file) => parse(generated.get(join(dirname(path), file)) ?? '').groups,
  );
  const parts = new Map<string, YamlScenario[]>();
  for (const scenario of whole.tests) {
    const needed = stringify({ groups: neededGroups(scenario, groups) });
    parts.set(needed, [...(parts.get(needed) ?? []), scenario]);
  }
  return [...parts].map(([rules, tests], index) => {
    const ruleFile = join(folder, `rules-${index}.yaml`);
    const testFile = join(folder, `tests-${index}.yaml`);
    writeFileSync(ruleFile, rules);
    writeFileSync(testFile, stringify({ ...whole, rule_files: [ruleFile], tests, ...order(rules, slices) }));
    return testFile;
  });
}

/** The order of the groups, said. */
function order(rules: string, slices: 'as it comes' | 'first' | 'last') {
  if (slices === 'as it comes') return {};
  const groups: readonly YamlGroup[] = parse(rules).groups;
  const names = groups
    .map(({ name }) => name)
    .toSorted((a, b) => Number(b.endsWith('-slices')) - Number(a.endsWith('-slices')));
  return { group_eval_order: slices === 'first' ? names : names.toReversed() };
}

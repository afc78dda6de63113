import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ruleFiles } from '../../../alert-rules/src/index.js';
import { ruleTestFiles } from '../../../alert-rules/src/tests/index.js';
import { loadPack } from '../../../pack/index.js';
import { promtools } from '../promql.js';

const pack = loadPack(['pack.yaml'], { requireSecrets: false });
const files = ruleFiles(pack);
const tests = ruleTestFiles(pack).map(({ path }) => path);

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
    const test = async (path: string): Promise<void> => {
      // Each scenario is a database of its own and soon garbage: collected less often, it takes a quarter less time.
      const env = { ...process.env, GOGC: '400' };
      const { stdout } = await promisify(execFile)(promtool, ['test', 'rules', path], { env });
      expect(stdout).toContain('SUCCESS');
    };

    it.each(ofPart.filter((path) => !isOfGroups(path)))('passes %s', { timeout: 120_000 }, test);

    it.each(ofPart.filter(isOfGroups).flatMap((path) => [[path, 'first'] as const, [path, 'last'] as const]))(
      'passes %s with the slices recorded %s',
      { timeout: 120_000 },
      async (path, place) => {
        const folder = mkdtempSync(join(tmpdir(), 'kop-group-order-'));
        try {
          const ordered = join(folder, 'test.yaml');
          writeFileSync(ordered, inOrder(path, place));
          await test(ordered);
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
    );
  });
}

/** The same test, with the order of its groups said. */
function inOrder(path: string, slices: 'first' | 'last'): string {
  const test = parse(readFileSync(path, 'utf8'));
  const named: string[] = test.rule_files.map((file: string) => resolve(dirname(path), file));
  const groups = files
    .filter((file) => named.includes(resolve(file.path)))
    .flatMap((file) => file.groups.map(({ name }) => name))
    .toSorted((a, b) => Number(b.endsWith('-slices')) - Number(a.endsWith('-slices')));
  const order = slices === 'first' ? groups : groups.toReversed();
  return stringify({ ...test, rule_files: named, group_eval_order: order });
}

/** A metric that no rule, dashboard, runbook or page reads costs memory and explains nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const reference = 'docs/metrics.md';
const files = execFileSync('git', ['ls-files', 'alert-rules/prometheus', 'dashboards/json', 'docs', 'README.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(md|yaml|json)$/.test(file) && file !== reference);
const texts = files.map((file) => readFileSync(file, 'utf8')).join('\n');

/** Names in a table may leave their beginning out: `…_nonce_reuse_total`. */
const shortened = [...texts.matchAll(/`(?:…)?(_[a-z_]{8,})(?:\{[^`]*)?`/g)].map(([, name]) => z.string().parse(name));

function isRead(name: string): boolean {
  const whole = new RegExp(`(?<![a-z0-9_:])${name}(?:_bucket|_count|_sum)?(?![a-z0-9_:])`);
  return whole.test(texts) || shortened.some((end) => name.endsWith(end));
}

test('each metric and recorded series has a reader', () => {
  const names = [...readFileSync(reference, 'utf8').matchAll(/^\| `([a-z_:0-9]+)` \|/gm)].map(([, name]) =>
    z.string().parse(name),
  );
  expect(names.length).toBeGreaterThan(200);
  expect(names.filter((name) => !isRead(name))).toEqual([]);
});

test('one that nothing names is found', () => {
  expect(isRead('workflow_last_run_success')).toBe(true);
  expect(isRead('workflow_last_run')).toBe(false);
});

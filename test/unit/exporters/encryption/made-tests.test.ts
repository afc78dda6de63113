import { expect, test } from 'vitest';
import { rememberedAged } from '../../../../exporters/encryption/probe/made-tests.js';
import type { TestResult } from '../../../../exporters/encryption/probe/test-result.js';
import { agedTests } from '../../../../pack/encryption/metrics.js';

type Outcome = TestResult['outcome'];
const minutes = 60_000;

test.each<[string, readonly Outcome[], number | undefined]>([
  ['all pass', ['passed', 'passed', 'passed', 'passed'], 60],
  ['there is none of that age', ['passed', 'absent', 'absent', 'absent'], 60],
  ['the record was lost, and some canaries are new', ['passed', 'unknown', 'unknown', 'unknown'], 60],
  ['one fails', ['passed', 'unknown', 'failed', 'passed'], 5],
  ['the record cannot be read', ['unknown', 'unknown', 'unknown', 'unknown'], 5],
  ['nobody could be asked', ['absent', 'absent', 'absent', 'absent'], 5],
  ['their turn did not come', [], undefined],
])('aged tests are made again when due where %s', (_, outcomes, dueMinutes) => {
  const made = outcomes.map((outcome, at) => [agedTests[at] ?? 'aged_1d', { outcome, why: '' }] as const);
  expect(rememberedAged(made)?.pauseMs).toBe(dueMinutes === undefined ? undefined : dueMinutes * minutes);
});

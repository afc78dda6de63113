import { performance } from 'node:perf_hooks';
import { agedTests, type SelfTest } from '../../../pack/encryption/metrics.js';
import type { TestResult } from './test-result.js';

const versionTests: readonly SelfTest[] = ['wrong_key', 'old_version_decrypts', 'revoked_version_fails'];
/** A lost key is found within the hour; each test is a decryption that may cost money. */
const AGED_TESTS_EVERY_MS = 60 * 60_000;
/** Retry time if none of them could run: often enough to notice a fix, and rarely enough for an audit log. */
const RETRY_VERSIONS_AFTER_MS = 5 * 60_000;

export type Results = readonly (readonly [SelfTest, TestResult])[];

export interface MadeTests {
  readonly at: number;
  readonly pauseMs: number;
  readonly results: Results;
}

export function isDue(last: MadeTests | undefined): boolean {
  return last === undefined || performance.now() - last.at >= last.pauseMs;
}

/** @returns undefined if they did not run: they are then due in the next round. */
export function rememberedVersions(made: Results, pauseMs: number): MadeTests | undefined {
  const results = chosen(made, versionTests);
  if (results.length === 0) return undefined;
  const isAnyMade = results.some(([, { outcome }]) => outcome !== 'absent');
  return { at: performance.now(), pauseMs: isAnyMade ? pauseMs : Math.min(pauseMs, RETRY_VERSIONS_AFTER_MS), results };
}

/**
 * A failed test runs again soon, because a repaired key must not look lost for an hour; the same applies if none could
 * run. If the record is lost, the test stays unknown for months, and running it again gives no new information.
 */
export function rememberedAged(made: Results): MadeTests | undefined {
  const results = chosen(made, agedTests);
  if (results.length === 0) return undefined;
  const isAny = (wanted: TestResult['outcome']) => results.some(([, { outcome }]) => outcome === wanted);
  const isSettled = isAny('passed') && !isAny('failed');
  return { at: performance.now(), pauseMs: isSettled ? AGED_TESTS_EVERY_MS : RETRY_VERSIONS_AFTER_MS, results };
}

function chosen(made: Results, tests: readonly SelfTest[]): Results {
  const madeAtSeconds = Date.now() / 1000;
  return made.flatMap(([test, result]) =>
    tests.includes(test) ? [[test, { ...result, madeAtSeconds }] as const] : [],
  );
}

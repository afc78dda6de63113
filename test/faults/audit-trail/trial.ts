import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ObserverDeps } from '../../../exporters/audit-trail/observer/observer.js';
import { type InstalledServer, type Office, openOffice } from '../../support/audit-trail/installed.js';
import { difference, type Verdict, Watchman } from '../../support/audit-trail/watchman.js';
import type { Expected, FaultCase, Shows } from './cases.js';
import { type Promised, promisedFor } from './promised.js';

/** For a machine that has other things to do; what is promised is counted in looks, and needs none. */
const PATIENCE_MS = 75_000;

/** For counts that were reported late to be reported, and what they made suspect to be compared. */
const REST_MS = 30_000;

export interface Watched {
  readonly office: Office;
  readonly watchman: Watchman;
  /** How everything stood when all was proven. */
  readonly before: Verdict;
}

/** What else the observer asks; whoever gives it ends it. */
export type Components = Pick<ObserverDeps, 'seal' | 'witness'>;

/** People at work, and an observer that has proven all of it. */
export async function proven(
  installed: InstalledServer,
  { components, ...options }: Parameters<typeof openOffice>[1] & { components?: (office: Office) => Components } = {},
  work: (watched: Watched) => Promise<void>,
): Promise<void> {
  const office = await openOffice(installed, options);
  const watchman = new Watchman(office.trail, { components: components?.(office) ?? {} });
  try {
    watchman.start();
    const isProven = await watchman.untilProven();
    // A look may just have found counts that were reported late, and have begun a suspicion that is none of the fault.
    if (!isProven || (await watchman.until(() => isAtRest(watchman), REST_MS)) === undefined)
      throw new Error(`nothing was proven: ${JSON.stringify([watchman.states, watchman.reasons])}`);
    const before = watchman.verdict();
    watchman.forget();
    await work({ office, watchman, before });
  } finally {
    await watchman.stop();
    await office.close();
  }
}

function isAtRest(watchman: Watchman): boolean {
  const residuals = Object.entries(watchman.verdict()).filter(([key]) => key.startsWith('counter_residual'));
  return watchman.isProven && residuals.every(([, value]) => value === 0);
}

export interface Outcome {
  /** Seconds from the fault to the first thing that showed, and to the last of what must show. */
  readonly first: number;
  readonly all: number;
}

export interface Expectation extends Pick<FaultCase, 'shows' | 'passes' | 'mayPass' | 'isGoingOn' | 'interrupts'> {
  /** States besides `suspect` and `explained` that tables may be in meanwhile. */
  readonly meanwhile?: readonly string[];
}

/** Everything that must show, in time, and nothing else, at no moment. */
export async function watchFor(
  { watchman, before }: Watched,
  { shows, passes = {}, isGoingOn = false, interrupts = false, meanwhile = [], mayPass = [] }: Expectation,
): Promise<Outcome> {
  const begunAt = performance.now();
  const begun = { looks: watchman.looks, rounds: watchman.rounds };
  const firstSeen = new Map<string, Required<Promised> & { readonly ms: number }>();
  const passed = new Set<string>();
  const blamed = new Set<string>();
  let matchedSince: number | undefined;
  for (;;) {
    const now = performance.now();
    const found = difference(before, watchman.verdict());
    for (const [key, value] of Object.entries(found)) {
      const expected = shows[key];
      if (expected === undefined && mayPass.includes(key)) continue;
      if (expected !== undefined && agrees(expected, value) && !firstSeen.has(key))
        firstSeen.set(key, {
          ms: now - begunAt,
          looks: watchman.looks - begun.looks,
          rounds: watchman.rounds - begun.rounds,
        });
      const passing = passes[key];
      if (passing !== undefined && agrees(passing, value)) passed.add(key);
      if (!interrupts && expected === undefined && passing === undefined && !isPassing(key, value, meanwhile))
        blamed.add(`${key} is ${value}`);
    }
    const isSettled = isGoingOn || watchman.isQuiet;
    const isMatched = Object.keys(disagreement(found, shows, isGoingOn)).length === 0;
    const isPassed = passed.size === Object.keys(passes).length;
    matchedSince = isMatched && isSettled && isPassed ? (matchedSince ?? watchman.rounds) : undefined;
    // Once more looked at closely, so that nothing comes after.
    if (matchedSince !== undefined && watchman.rounds > matchedSince + 1) break;
    if (now - begunAt > PATIENCE_MS) {
      const problems = disagreement(found, shows, isGoingOn);
      expect({ problems, notPassed: Object.keys(passes).filter((key) => !passed.has(key)) }, text(watchman)).toEqual({
        problems: {},
        notPassed: [],
      });
      throw new Error(`not at rest: ${text(watchman)}`);
    }
    await sleep(40);
  }
  expect([...blamed], text(watchman)).toEqual([]);
  expect(Object.fromEntries([...firstSeen].filter(([key, seen]) => isLate(promisedFor(key), seen)))).toEqual({});
  const times = [...firstSeen.values()].map(({ ms }) => ms / 1000);
  return { first: Math.min(...times, Number.POSITIVE_INFINITY), all: Math.max(0, ...times) };
}

function isLate({ looks, rounds }: Promised, seen: Required<Promised>): boolean {
  return (looks !== undefined && seen.looks > looks) || (rounds !== undefined && seen.rounds > rounds);
}

export function agrees(expected: Expected, value: number | string | undefined): boolean {
  return typeof expected === 'function' ? expected(value) : expected === value;
}

/** Looked into, and found to be harmless. */
function isPassing(key: string, value: number | string, meanwhile: readonly string[]): boolean {
  return key.startsWith('table_state ') && ['suspect', 'explained', ...meanwhile].includes(String(value));
}

function disagreement(found: Verdict, shows: Shows, isGoingOn: boolean): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const [key, expected] of Object.entries(shows)) {
    // A table that is ok shows no difference.
    if (!agrees(expected, found[key])) problems[key] = `is ${found[key] ?? 'as before'}`;
  }
  for (const [key, value] of Object.entries(found)) {
    if (shows[key] !== undefined) continue;
    const allowed = isGoingOn ? ['suspect', 'explained'] : ['explained'];
    if (!key.startsWith('table_state ') || !allowed.includes(String(value))) problems[key] = `is ${value}`;
  }
  return problems;
}

function text(watchman: Watchman): string {
  const evidence = [...watchman.observer.state.evidence.all()].filter(([, { state }]) => state !== 'ok');
  return JSON.stringify({ reasons: watchman.reasons, evidence });
}

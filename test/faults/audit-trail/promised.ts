import { longestLateMs } from '../../../exporters/audit-trail/observer/checks/counters/invariants.js';
import { boundOf, testPaces } from '../../support/audit-trail/watchman.js';
import type { Shows } from './cases.js';

export interface Paces {
  readonly quickMs: number;
  readonly closeMs: number;
  /** For how long counters must differ before that is believed. */
  readonly settleMs: number;
}

/** As the pack is delivered: `observe.interval`, `observe.confirmInterval`, and PostgreSQL's own 10 s for late counts. */
export const earnestPaces: Paces = { quickMs: 15_000, closeMs: 60_000, settleMs: 11_000 };

/**
 * By when something must show after a fault: counted in looks of the observer, so that it means the same on any machine
 * and at any pace, and in seconds for people.
 */
export interface Promised {
  readonly looks?: number;
  readonly rounds?: number;
}

/** One may be under way when the fault happens, and sees the time before it. */
const NEXT = 2;

export function promisedFor(key: string, { quickMs, closeMs, settleMs }: Paces = testPaces): Promised {
  const [family = ''] = key.split(' ');
  if (ofCatalogue.has(family) || family.startsWith('fingerprint') || family.startsWith('epoch')) return { looks: NEXT };
  const settled = Math.ceil(settleMs / quickMs) + NEXT + 1;
  if (family === 'counter_residual') return { looks: settled };
  // Decided on when all that may be reported late is reported, and everything was compared once more.
  if (family.startsWith('unaccounted_changes'))
    return { rounds: NEXT + 2 + Math.ceil((settled * quickMs + longestLateMs(settleMs)) / closeMs) };
  // Only a lag of some seconds is told from the lag of ordinary work.
  if (family === 'watermark_lag_seconds')
    return { rounds: NEXT + 1 + Math.ceil((boundOf.watermark_lag_seconds * 1000) / closeMs) };
  // What is read first may hasten what is compared; and some follow from counters.
  const looked = family.endsWith('_state') || followsFromCounters.has(family);
  return { rounds: NEXT + 1 + (looked ? Math.ceil((settled * quickMs) / closeMs) : 0) };
}

const ofCatalogue: ReadonlySet<string> = new Set([
  'tables_in_scope',
  'tables_covered',
  'coverage_ratio',
  'trigger_effective',
  'unlogged_relations',
]);

/** Only a suspicion makes the observer go through all rows and records at once. */
const followsFromCounters: ReadonlySet<string> = new Set([
  'missing_events_total',
  'unexplained_events_total',
  'continuity_breaks_total',
  'replay_mismatches',
]);

export function secondsOf({ looks = 0, rounds = 0 }: Promised, { quickMs, closeMs }: Paces): number {
  return (looks * quickMs + rounds * closeMs) / 1000;
}

export interface Within {
  /** The first sign of it. */
  readonly first: number;
  /** The whole verdict. */
  readonly all: number;
}

/** What a fault's case promises, in seconds; undefined where nothing must show. */
export function withinSeconds(keys: readonly string[], paces: Paces): Within | undefined {
  if (keys.length === 0) return undefined;
  const seconds = keys.map((key) => secondsOf(promisedFor(key, paces), paces));
  return { first: Math.min(...seconds), all: Math.max(...seconds) };
}

/** What is promised, at the paces of the tests and at those of the pack; a part of each test's name. */
export function stated(shows: Shows): string {
  const here = withinSeconds(Object.keys(shows), testPaces);
  const earnest = withinSeconds(Object.keys(shows), earnestPaces);
  return here === undefined || earnest === undefined
    ? ': nothing shows'
    : `: first sign in ${here.first} s (in earnest ${earnest.first} s), all in ${here.all} s (${earnest.all} s)`;
}

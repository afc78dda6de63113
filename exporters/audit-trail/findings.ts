import type { SectionFinding } from '../runtime/landing/section.js';
import type { ComparisonResult } from './comparisons/run.js';
import type { TableStatus, UnaccountedStatus } from './inspect/status.js';
import { notConfigured, type WrittenBook } from './observer/verdict/evidence.js';

export interface FastChecksAt {
  /** End of the newest one; undefined before the first. */
  readonly atMs: number | undefined;
  readonly intervalMs: number;
}

/** After so many intervals without a poll the state of a trail is unknown. */
const STALE_AFTER_TURNS = 3;
/** What a poll may take on a busy database before it is cancelled. */
const LOOK_MS = 30_000;

/** Why nothing that is shown of a trail is up to date. */
export function staleness({ atMs, intervalMs }: FastChecksAt, nowMs: number): string | undefined {
  if (atMs === undefined) return 'not checked yet';
  if (nowMs - atMs <= STALE_AFTER_TURNS * intervalMs + LOOK_MS) return undefined;
  return `last checked at ${new Date(atMs).toISOString()}`;
}

export function tableFinding({ table, state, reason, coverageRatio, problems }: TableStatus): SectionFinding {
  // A fault that was proven stays one, whatever can be seen now.
  if (state === 'confirmed' || state === 'suspect') return { what: table, state: 'attention', why: reason };
  if (state === 'unknown') return { what: table, state: 'unknown', why: reason };
  if (coverageRatio === 1) return { what: table, state: 'fine' };
  return { what: table, state: 'attention', why: problems[0] ?? 'not every operation is covered' };
}

export function unaccountedFinding({ sentence }: UnaccountedStatus): SectionFinding {
  return { what: 'unaccounted changes', state: 'attention', why: sentence };
}

/** A source that nobody configured is not missing. */
export function evidenceFindings(evidence: WrittenBook): SectionFinding[] {
  return Object.entries(evidence).flatMap(([source, { state, reason }]): SectionFinding[] => {
    const what = source.replaceAll('_', ' ');
    if (state === 'ok') return [{ what, state: 'fine' }];
    return state === 'unknown' && reason === notConfigured ? [] : [{ what, state: 'unknown', why: reason }];
  });
}

export function comparisonFinding([what, result]: [string, ComparisonResult]): SectionFinding {
  if (result.state !== 'compared') return { what, state: 'unknown', why: result.reason };
  if (result.findings === 0) return { what, state: 'fine' };
  return { what, state: 'attention', why: `${result.findings} of ${result.checked}` };
}

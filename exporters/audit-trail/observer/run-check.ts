import { type Failure, failureOf } from '../../runtime/postgres/failure.js';
import { CannotCheck, type Check, type Poll } from './check.js';
import { lookFailed } from './look-failed.js';
import type { LoopState } from './loop-state.js';
import type { Slot } from './slots.js';
import { accept, confirm, explain, raise } from './verdict/alarms.js';
import { startEpoch } from './verdict/epoch-start.js';
import { noteIdentityBreaks } from './verdict/identity-breaks.js';

export interface Until {
  readonly signal: AbortSignal;
  /** Begin nothing new after this moment of the monotonic clock. */
  readonly deadline: number;
}

/** What a check is given of a trail that was seen. */
export function pollOf(context: LoopState, seen: NonNullable<LoopState['seen']>, until: Until): Poll {
  const { trail, sql, memory, disposals, database, heavy, options, budget } = context;
  return {
    trail,
    facts: seen.facts,
    tables: seen.tables,
    catalogue: seen.catalogue,
    known: memory,
    sql,
    disposals,
    ...until,
    runs: 0,
    pace: options,
    load: budget,
    isAside: heavy !== database,
    now: options.now,
    read: (work) => database.look(until.signal, work),
    readAside: (work) => heavy.look(until.signal, work),
  };
}

/** Runs a check for as long as it has more to do, and puts what it found where it belongs. Never rejects. */
export async function runCheck<M, P extends Poll>(
  context: LoopState,
  slot: Slot<M>,
  check: Check<M, P>,
  poll: P,
): Promise<void> {
  const begunAt = performance.now();
  try {
    for (let runs = 0, isMore = true; isMore; runs += 1) {
      const run = () => runOnce(context, slot, check, { ...poll, runs });
      isMore = await (check.isExclusive === true ? context.turns.take(run) : run());
    }
    context.errors.delete(check.name);
    context.metrics.checked(check.name, context.options.now(), performance.now() - begunAt);
  } catch (error) {
    checkFailed(context, check, poll, error);
  }
}

/** Of the fast checks: they share one transaction, so when one fails nothing can be seen. */
export async function runWithin<M, P extends Poll>(
  context: LoopState,
  slot: Slot<M>,
  check: Check<M, P>,
  poll: P,
): Promise<void> {
  for (let runs = 0, isMore = true; isMore; runs += 1) isMore = await runOnce(context, slot, check, { ...poll, runs });
}

async function runOnce<M, P extends Poll>(
  context: LoopState,
  slot: Slot<M>,
  check: Check<M, P>,
  poll: P,
): Promise<boolean> {
  const { memory, metrics } = context;
  const version = slot.version();
  const before = slot.get();
  const outcome = await check.run(poll, before);
  if (outcome.isOrderLost === true) memory.orderLost ??= { at: poll.now() };
  noteIdentityBreaks(context, outcome.breaks ?? {});
  for (const { table, alarm } of outcome.suspicions ?? []) raise(context, table, alarm);
  const verdicts = (outcome.findings ?? []).map((finding) => confirm(context, finding));
  const next = outcome.afterwards?.(verdicts) ?? outcome.memory;
  // Meanwhile a baseline may have been declared, which this run does not know of.
  slot.set(slot.version() === version ? next : (check.accept?.(next) ?? next));
  for (const { table, reason } of outcome.explanations ?? []) explain(context, table, reason);
  if (outcome.accepted !== undefined) accept(context, outcome.accepted.table, outcome.accepted.ids);
  for (const source of check.evidence) {
    const evidence = outcome.evidence?.[source];
    if (evidence !== undefined) context.evidence.set(source, evidence);
  }
  if (outcome.isUncounted === true && memory.epoch !== undefined) memory.epoch.isUncounted = true;
  if (outcome.epoch !== undefined) startEpoch(context, poll.facts, outcome.epoch, poll.now());
  for (const { message, detail } of outcome.warnings ?? []) context.log.warn(message, detail);
  outcome.record?.(metrics);
  check.show?.(next, metrics, before);
  if (outcome.error !== undefined) throw outcome.error;
  return outcome.isMore === true;
}

/** The one place that says what a check's failure means: whatever it is evidence of is unknown. */
export function checkFailed<M, P extends Poll>(
  context: LoopState,
  check: Check<M, P>,
  poll: Poll,
  error: unknown,
): void {
  // That a run is cut off when the observer ends says nothing about the trail.
  if (context.isRetired) return;
  check.hide?.(context.metrics);
  const { failure, fixes } = meaningOf(check, poll, error);
  if (check.isLostWith?.(failure, poll) === true) {
    lookFailed(context, error);
    return;
  }
  context.errors.set(check.name, failure);
  for (const source of check.evidence) context.evidence.failed(source, failure, fixes);
  context.log.warn('a check failed', { check: check.name, error });
  // The description of the audit table may be what is out of date.
  context.shapeReadAt = 0;
}

function meaningOf<M, P extends Poll>(
  check: Check<M, P>,
  poll: Poll,
  error: unknown,
): { readonly failure: Failure; readonly fixes: readonly string[] } {
  if (error instanceof CannotCheck) return { failure: { kind: 'other', reason: error.message }, fixes: error.fixes };
  const failure = failureOf(error);
  return { failure, fixes: check.fixes?.(failure, poll) ?? [] };
}

/** A check that cannot even be begun. */
export function notRun<M, P extends Poll>(context: LoopState, check: Check<M, P>, reason: string): void {
  for (const source of check.evidence) context.evidence.unknown(source, reason);
  check.hide?.(context.metrics);
}

import type { UnaccountedInvariant } from '../../../../../pack/audit-trail/metrics.js';
import type { Amounts } from './invariants.js';
import type { MismatchStep } from './steps.js';

type Sign = 1 | -1;

export interface LateBy {
  /** For how long a session may hold a count back. */
  readonly withinMs: number;
  /** Of records that no call wrote, what became known meanwhile: reading may be behind for any time. */
  readonly learned: Amounts;
}

export interface Split {
  readonly open: readonly MismatchStep[];
  /** Parts of steps that undo one another. */
  readonly late: readonly MismatchStep[];
}

/**
 * Tells counts that were reported late from faults in opposite directions. A session that reports one of its counters later
 * than the others leaves a mismatch and then its opposite, in one of three ways:
 *
 * | reported last | first | then |
 * |---|---|---|
 * | calls | changes above calls, and calls below records | both the other way |
 * | changes | changes below calls | above |
 * | records | calls above records | below |
 *
 * Nothing else makes up for anything: changes without a call, and then as many calls without a change, are two things that
 * happened.
 */
export function withoutLate(all: readonly MismatchStep[], { withinMs, learned }: LateBy): Split {
  const emptied = undone(all, 'operations_calls', -1, Number.POSITIVE_INFINITY, learned.operations_calls ?? 0);
  const uncalled = undone(emptied.open, 'calls_records', -1, Number.POSITIVE_INFINITY, learned.calls_records ?? 0);
  const reported = withoutReportedLate(uncalled.open, withinMs);
  return { open: reported.open, late: [...emptied.late, ...uncalled.late, ...reported.late] };
}

function withoutReportedLate(steps: readonly MismatchStep[], withinMs: number): Split {
  const calls = Math.min(
    ...[undone(steps, 'operations_calls', 1, withinMs), undone(steps, 'calls_records', -1, withinMs)].map(({ late }) =>
      ahead(late, 1),
    ),
  );
  const changed = undone(steps, 'operations_calls', 1, withinMs, calls);
  const called = undone(changed.open, 'calls_records', -1, withinMs, calls);
  // What is above in changes and below in records at once was stopped in between; it was not reported late.
  const stopped = {
    changes: netAhead(called.open, 'calls_records', -1),
    records: netAhead(called.open, 'operations_calls', 1),
  };
  const above = ahead(of(called.open, 'operations_calls'), 1) - stopped.changes;
  const below = ahead(of(called.open, 'calls_records'), -1) - stopped.records;
  const changes = undone(called.open, 'operations_calls', -1, withinMs, above);
  const records = undone(changes.open, 'calls_records', 1, withinMs, below);
  return { open: records.open, late: [...changed.late, ...called.late, ...changes.late, ...records.late] };
}

/** Takes off what is ahead in one direction first, and as much in the other soon after. */
function undone(
  steps: readonly MismatchStep[],
  invariant: UnaccountedInvariant,
  first: Sign,
  withinMs: number,
  most = Number.POSITIVE_INFINITY,
): Split {
  const left = steps.map(({ amount }) => amount);
  const taken = steps.map(() => 0);
  let rest = Math.max(0, most);
  const take = (at: number, amount: number) => {
    left[at] = (left[at] ?? 0) - amount;
    taken[at] = (taken[at] ?? 0) + amount;
  };
  for (const [at, step] of steps.entries()) {
    if (step.invariant !== invariant || Math.sign(step.amount) !== -first) continue;
    for (const [before, { invariant: same, until }] of steps.slice(0, at).entries()) {
      const begun = (left[before] ?? 0) * first;
      if (same !== invariant || begun <= 0 || step.until - until > withinMs) continue;
      const part = Math.min(begun, (left[at] ?? 0) * -first, rest);
      take(before, part * first);
      take(at, part * -first);
      rest -= part;
    }
  }
  const parts = (amounts: readonly number[]) =>
    steps.flatMap((step, at) => {
      const amount = amounts[at] ?? 0;
      return amount === 0 ? [] : [{ ...step, amount }];
    });
  return { open: parts(left), late: parts(taken) };
}

function of(steps: readonly MismatchStep[], invariant: UnaccountedInvariant): readonly MismatchStep[] {
  return steps.filter((step) => step.invariant === invariant);
}

/** The sum in one direction. */
function ahead(steps: readonly MismatchStep[], sign: Sign): number {
  return steps.reduce((sum, { amount }) => sum + Math.max(0, amount * sign), 0);
}

function netAhead(steps: readonly MismatchStep[], invariant: UnaccountedInvariant, sign: Sign): number {
  const own = of(steps, invariant);
  return Math.max(0, ahead(own, sign) - ahead(own, sign === 1 ? -1 : 1));
}

import { expect, test } from 'vitest';
import { withoutLate } from '../../../../../../../exporters/audit-trail/observer/checks/counters/late.js';
import type { MismatchStep } from '../../../../../../../exporters/audit-trail/observer/checks/counters/steps.js';

/** Changes less calls, and calls less records, as they settled at one poll after the other, 15 s apart. */
type Polled = readonly [changes: number, calls: number];

function stepsOf(polls: readonly Polled[]): MismatchStep[] {
  return polls.flatMap(([changes, calls], poll) => {
    const common = { since: 0, until: poll * 15_000, to: '1', tables: [], isInScope: true };
    const both: MismatchStep[] = [
      { ...common, invariant: 'operations_calls', amount: changes },
      { ...common, invariant: 'calls_records', amount: calls },
    ];
    return both.filter(({ amount }) => amount !== 0);
  });
}

test.each<{ what: string; polls: readonly Polled[]; open: readonly number[] }>([
  {
    what: 'calls that are reported late',
    polls: [
      [7, -7],
      [-7, 7],
    ],
    open: [],
  },
  {
    what: 'calls that are reported late, in parts',
    polls: [
      [7, 0],
      [0, -7],
      [-5, 4],
      [-2, 3],
    ],
    open: [],
  },
  {
    what: 'changes that are reported late',
    polls: [
      [-7, 0],
      [7, 0],
    ],
    open: [],
  },
  {
    what: 'records that are reported late',
    polls: [
      [0, 7],
      [0, -7],
    ],
    open: [],
  },
  {
    what: 'what is reported after the longest time',
    polls: [
      [-7, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [7, 0],
    ],
    open: [-7, 7],
  },
  {
    what: 'unrecorded changes, then calls without changes',
    polls: [
      [50, 0],
      [-50, 0],
    ],
    open: [50, -50],
  },
  {
    what: 'records without a call, then calls without a record',
    polls: [
      [0, -5],
      [0, 5],
    ],
    open: [-5, 5],
  },
  {
    what: 'a function that does nothing, then statements that are stopped',
    polls: [
      [0, 12],
      [12, -12],
    ],
    open: [12, 12, -12],
  },
  {
    what: 'calls without changes, then statements that are stopped',
    polls: [
      [-12, 0],
      [12, -12],
    ],
    open: [-12, 12, -12],
  },
  {
    what: 'a fault and something late',
    polls: [
      [-7, 0],
      [10, 0],
    ],
    open: [3],
  },
  {
    what: 'a fault before something late',
    polls: [
      [3, 0],
      [-7, 0],
      [7, 0],
    ],
    open: [3],
  },
])('$what: $open stays', ({ polls, open }) => {
  const split = withoutLate(stepsOf(polls), { withinMs: 66_000, learned: {} });
  expect(split.open.map(({ amount }) => amount)).toEqual(open);
  expect(split.late.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
});

test('records that no call wrote are below until they are read, however late', () => {
  const polls: Polled[] = [[-80, -20], ...Array.from({ length: 20 }, (): Polled => [0, 0]), [80, 21]];
  const learned = { operations_calls: 80, calls_records: 20 };
  const split = withoutLate(stepsOf(polls), { withinMs: 66_000, learned });
  expect(split.open.map(({ invariant, amount }) => [invariant, amount])).toEqual([['calls_records', 1]]);
});

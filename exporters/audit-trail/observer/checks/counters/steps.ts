import { z } from 'zod';
import {
  type AuditInvariant,
  auditInvariants,
  type MismatchDirection,
  type UnaccountedInvariant,
  unaccountedInvariants,
} from '../../../../../pack/audit-trail/metrics.js';
import type { DeepReadonly } from '../../../deep-readonly.js';

/** Above this, the oldest are joined into fewer and wider ones; none is dropped. */
const MOST_STEPS = 100;

/** By how much a mismatch grew, when, and where it may have come from. */
export const mismatchStepSchema = z.object({
  invariant: z.enum(auditInvariants),
  /** Above 0: the first counter of the invariant is ahead. */
  amount: z.number(),
  /** Milliseconds: counters agreed last, and the mismatch had settled. */
  since: z.number(),
  until: z.number(),
  /** The transactions that it may be of: `from <= xid8 < to`. Absent: from an unknown one on. */
  from: z.string().optional(),
  to: z.string(),
  /** Whose counters moved in that time, and by how much. */
  tables: z.array(z.object({ table: z.string(), inserted: z.number(), updated: z.number(), deleted: z.number() })),
  /** All of it was counted in tables in scope. */
  isInScope: z.boolean(),
});
export type MismatchStep = DeepReadonly<z.infer<typeof mismatchStepSchema>>;

const byDirection = z.object({ above: z.number().default(0), below: z.number().default(0) });
export const directedAmountsSchema = z.partialRecord(z.enum(unaccountedInvariants), byDirection);
export type DirectedAmounts = DeepReadonly<z.infer<typeof directedAmountsSchema>>;

export function directionOf({ amount }: Pick<MismatchStep, 'amount'>): MismatchDirection {
  return amount > 0 ? 'above' : 'below';
}

export function isUnaccountable(invariant: AuditInvariant): invariant is UnaccountedInvariant {
  return unaccountedInvariants.some((each) => each === invariant);
}

/** Each direction by itself: changes without a call and calls without a change do not make up for one another. */
export function directedSums(steps: readonly MismatchStep[]): DirectedAmounts {
  return plusSteps({}, steps);
}

export function plusSteps(sums: DirectedAmounts, steps: readonly MismatchStep[]): DirectedAmounts {
  const next = directedAmountsSchema.parse(sums);
  for (const step of steps) {
    const { invariant, amount } = step;
    if (!isUnaccountable(invariant)) continue;
    const own = next[invariant] ?? { above: 0, below: 0 };
    own[directionOf(step)] += Math.abs(amount);
    next[invariant] = own;
  }
  return next;
}

export function netOf(steps: readonly MismatchStep[], invariant: AuditInvariant): number {
  return steps.reduce((sum, step) => (step.invariant === invariant ? sum + step.amount : sum), 0);
}

export function joined(steps: readonly MismatchStep[]): readonly MismatchStep[] {
  if (steps.length <= MOST_STEPS) return steps;
  const [first, ...rest] = steps;
  if (first === undefined) return steps;
  const at = rest.findIndex((step) => step.invariant === first.invariant && directionOf(step) === directionOf(first));
  const other = rest[at];
  return other === undefined ? steps : joined([joinedOf(first, other), ...rest.toSpliced(at, 1)]);
}

function joinedOf(a: MismatchStep, b: MismatchStep): MismatchStep {
  const { from: _, ...rest } = a;
  const from = a.from === undefined || b.from === undefined ? undefined : leastText(a.from, b.from);
  return {
    ...rest,
    ...(from === undefined ? {} : { from }),
    amount: a.amount + b.amount,
    until: Math.max(a.until, b.until),
    to: b.to,
    tables: sumOfTables([...a.tables, ...b.tables]),
    isInScope: a.isInScope && b.isInScope,
  };
}

export function sumOfTables(all: MismatchStep['tables']): MismatchStep['tables'] {
  const sums = new Map<string, MismatchStep['tables'][number]>();
  for (const { table, inserted, updated, deleted } of all) {
    const sum = sums.get(table) ?? { table, inserted: 0, updated: 0, deleted: 0 };
    sums.set(table, {
      table,
      inserted: sum.inserted + inserted,
      updated: sum.updated + updated,
      deleted: sum.deleted + deleted,
    });
  }
  return [...sums.values()];
}

function leastText(a: string, b: string): string {
  return BigInt(a) < BigInt(b) ? a : b;
}

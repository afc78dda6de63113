import { z } from 'zod';
import { type AuditTableState, auditTableStates } from '../../../../pack/audit-trail/metrics.js';
import { type AuditOperation, auditOperations } from '../../../../pack/audit-trail/model.js';
import type { DeepReadonly } from '../../deep-readonly.js';

/**
 * The state of one table.
 *
 * ```
 *   ok ──fast check──▶ suspect ──exact check finds a fault──▶ confirmed ──baseline declared──▶ unknown ──clean full scan──▶ ok
 *                         ├──exact checks clean──▶ explained (with the reason) ──next clean full scan──▶ ok
 *                         └──not resolved in time──▶ unknown
 * ```
 *
 * - `ok` needs proof: whole replay, records read to the end and old ones gone through again, counters in agreement, all
 *   since the epoch began.
 * - `confirmed` stays, over restarts, epochs and lost connections. A fault that was proven does not become unproven
 *   because data moved on; only a person ends it, by declaring a baseline, and then a clean full scan must follow.
 * - `unknown` is where everything else goes. Nothing becomes `ok` because nothing could be seen.
 */
export const causeKinds = ['counters', 'trigger', 'function', 'storage', 'records', 'recording', 'witness'] as const;
export type CauseKind = (typeof causeKinds)[number];

export const suspicionSchema = z.object({
  /** `amount` tells a growing cause from a standing one. */
  causes: z.array(
    z.object({
      kind: z.enum(causeKinds),
      detail: z.string(),
      amount: z.number(),
      operation: z.enum(auditOperations).optional(),
    }),
  ),
  /** Milliseconds. */
  openedAt: z.number(),
  /** Of the newest cause: exact checks must have begun after it. */
  newestAt: z.number(),
  /** No transaction from here on had begun: once records are read up to here, none of before is missing. */
  xmax: z.string(),
  /** Old records may have been touched, so their history is gone through again. */
  needsRecheck: z.boolean(),
});
export type Suspicion = DeepReadonly<z.infer<typeof suspicionSchema>>;

export const tableStateSchema = z.object({
  state: z.enum(auditTableStates),
  reason: z.string(),
  /** Milliseconds; when the state, not the reason, last changed. */
  since: z.number(),
});
export type TableState = DeepReadonly<z.infer<typeof tableStateSchema>>;

export interface StateInputs {
  /** Unacknowledged faults, as a sentence; undefined when there is none. */
  readonly confirmed: string | undefined;
  /** The database cannot be seen at all. */
  readonly lost: string | undefined;
  readonly suspicion: Suspicion | undefined;
  /** Evidence that this table needs and that cannot be had. */
  readonly blind: string | undefined;
  readonly explanation: string | undefined;
  /** What is still missing to prove the table; undefined when it is proven. */
  readonly unproven: string | undefined;
  /** Changes of the trail that only counters show, and that may be of this table. */
  readonly unaccounted: number;
}

export function nextState(
  before: TableState | undefined,
  inputs: StateInputs,
  resolveWithinMs: number,
  now: number,
): TableState {
  const [state, reason] = judge(inputs, resolveWithinMs, now);
  return { state, reason, since: before?.state === state ? before.since : now };
}

function judge(
  { confirmed, lost, suspicion, blind, explanation, unproven, unaccounted }: StateInputs,
  resolveWithinMs: number,
  now: number,
): [AuditTableState, string] {
  if (confirmed !== undefined) return ['confirmed', confirmed];
  if (lost !== undefined) return ['unknown', lost];
  if (suspicion !== undefined) {
    const causes = suspicion.causes.map(({ detail }) => detail).join('; ');
    if (now - suspicion.openedAt > resolveWithinMs)
      return ['unknown', `a suspicion was not resolved in time: ${causes}`];
    return ['suspect', causes];
  }
  if (blind !== undefined) return ['unknown', blind];
  if (unproven !== undefined) return ['unknown', unproven];
  if (explanation !== undefined) return ['explained', explanation];
  if (unaccounted > 0)
    return ['ok', `rows and records agree; ${unaccounted} changes of this trail left nothing that can be compared`];
  return ['ok', 'every change is recorded'];
}

export interface Alarm {
  readonly kind: CauseKind;
  readonly detail: string;
  readonly amount?: number;
  readonly operation?: AuditOperation;
  readonly needsRecheck?: boolean;
}

/** A second cause on a suspect table is added, with what it needs; the time to resolve runs from the first. */
export function suspect(before: Suspicion | undefined, alarm: Alarm, xmax: bigint, now: number): Suspicion {
  const { kind, detail, amount = 0, needsRecheck = false, operation } = alarm;
  const causes = before?.causes ?? [];
  const isStanding = causes.some((cause) => cause.kind === kind && cause.detail === detail && cause.amount === amount);
  if (before !== undefined && isStanding) return before;
  return {
    causes: [
      ...causes.filter((cause) => cause.kind !== kind || cause.detail !== detail),
      { kind, detail, amount, ...(operation === undefined ? {} : { operation }) },
    ],
    openedAt: before?.openedAt ?? now,
    newestAt: now,
    xmax: xmax.toString(),
    needsRecheck: needsRecheck || before?.needsRecheck === true,
  };
}

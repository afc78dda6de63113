import { z } from 'zod';
import type { AuditTableState } from '../../../../pack/audit-trail/metrics.js';
import { type AuditOperation, auditOperations } from '../../../../pack/audit-trail/model.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import { claimOf, isMissing, type Missing, type Proof, proofSchema } from './proof.js';

/**
 * The state of one table.
 *
 * ```
 *   ok ──fast check──▶ suspect ──exact check finds a fault──▶ confirmed ──baseline declared──▶ unknown ──clean full scan──▶ ok
 *                         ├──exact checks clean──▶ explained (with the reason) ──next clean full scan──▶ ok
 *                         └──not resolved in time──▶ unknown
 * ```
 *
 * - `ok` holds its proof, see `proof.ts`: whole replay, records read to the end and old ones gone through again, counters
 *   in agreement, all since the epoch began.
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

const provenStates = ['ok', 'explained'] as const satisfies readonly AuditTableState[];
const otherStates = ['suspect', 'confirmed', 'unknown'] as const satisfies readonly AuditTableState[];
const common = {
  reason: z.string(),
  /** Milliseconds; when the state, not the reason, last changed. */
  since: z.number(),
};
/** `ok` and `explained` hold what they rest on. */
const presentStateSchema = z.union([
  z.object({ state: z.enum(provenStates), ...common, proof: proofSchema }),
  z.object({ state: z.enum(otherStates), ...common }),
]);
export type TableState = DeepReadonly<z.infer<typeof presentStateSchema>>;

/** Of an earlier version, which kept no evidence with the state. */
const earlierStateSchema = z.object({ state: z.enum(provenStates), ...common }).transform(
  ({ since }): z.infer<typeof presentStateSchema> => ({
    state: 'unknown',
    reason: 'it was proven by an earlier version, which kept no evidence; the next rounds prove it again',
    since,
  }),
);
export const tableStateSchema = z.union([presentStateSchema, earlierStateSchema]);

export interface StateInputs {
  /** Unacknowledged faults, as a sentence; undefined when there is none. */
  readonly confirmed: string | undefined;
  /** The database cannot be seen at all. */
  readonly lost: string | undefined;
  readonly suspicion: Suspicion | undefined;
  /** What the table is proven by, or what is missing for that. */
  readonly proof: Proof | Missing;
  readonly explanation: string | undefined;
  /** Changes of the trail that only counters show, and that may be of this table. */
  readonly unaccounted: number;
}

export function nextState(
  before: TableState | undefined,
  inputs: StateInputs,
  resolveWithinMs: number,
  now: number,
): TableState {
  const next = judge(inputs, resolveWithinMs, now);
  return { ...next, since: before?.state === next.state ? before.since : now };
}

function judge(
  { confirmed, lost, suspicion, proof, explanation, unaccounted }: StateInputs,
  resolveWithinMs: number,
  now: number,
): TableState {
  const since = now;
  if (confirmed !== undefined) return { state: 'confirmed', reason: confirmed, since };
  if (lost !== undefined) return { state: 'unknown', reason: lost, since };
  if (suspicion !== undefined) {
    const causes = suspicion.causes.map(({ detail }) => detail).join('; ');
    if (now - suspicion.openedAt > resolveWithinMs)
      return { state: 'unknown', reason: `a suspicion was not resolved in time: ${causes}`, since };
    return { state: 'suspect', reason: causes, since };
  }
  if (isMissing(proof)) return { state: 'unknown', reason: proof.missing, since };
  if (explanation !== undefined) return { state: 'explained', reason: explanation, since, proof };
  return { state: 'ok', reason: claimOf(proof, unaccounted), since, proof };
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

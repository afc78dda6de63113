import { type AuditInvariant, auditInvariants } from '../../../../pack/audit-trail/metrics.js';
import {
  type CountersMemory,
  type ExplainedStep,
  minus,
  newestExplained,
  sumOf,
} from '../checks/counters/invariants.js';
import { withoutLate } from '../checks/counters/late.js';
import { isUnaccountable, joined, type MismatchStep, plusSteps } from '../checks/counters/steps.js';
import type { FindingKind } from './findings.js';
import { amountsOf, isBeyondExplaining } from './judged.js';

const AGREED = 'both sides agreed again: one was reported later than the other';

export interface AccountedBy {
  /** Confirmed faults that belong to no mismatch yet, by kind. */
  readonly confirmed: Readonly<Record<FindingKind, number>>;
  /** Transactions of which the write-ahead log was compared with the records without a gap, and agreed: `from <= xid8 < to`. */
  readonly witnessed: { readonly from: string; readonly to: string } | undefined;
  /** For how long a count may be held back. */
  readonly longestLateMs: number;
  readonly now: number;
}

export interface Accounted {
  readonly counters: CountersMemory;
  /** Steps that evidence explained; the rest is confirmed or unaccounted. */
  readonly explained: readonly ExplainedStep[];
}

/**
 * Decides on the mismatches that the exact checks went through. What they confirmed is counted as faults. What evidence
 * explains is no mismatch any more. Everything else is unaccounted: that exact checks found nothing explains nothing, because a
 * row that was inserted and deleted unrecorded leaves nothing to find.
 */
export function account(own: CountersMemory, by: AccountedBy): Accounted {
  const { open: left, late } = withoutLate(matched(own.checking, by.confirmed).open, {
    withinMs: by.longestLateMs,
    learned: own.ledger?.learned?.news ?? {},
  });
  const agreed = late.map((step): ExplainedStep => ({ ...step, at: by.now, by: 'agreed', evidence: AGREED }));
  const explained: ExplainedStep[] = [];
  const open: MismatchStep[] = [];
  for (const step of left) {
    if (isBeyondExplaining(step.invariant)) continue;
    const evidence = isWitnessed(step, by.witnessed) ? witnessText(step) : undefined;
    if (evidence === undefined) open.push(step);
    else explained.push({ ...step, at: by.now, by: 'witness', evidence });
  }
  const { ledger, judged = {}, checking, ...rest } = own;
  const amount = amountsOf(explained);
  const kept = minus(amountsOf(checking), amount);
  const next = {
    ...rest,
    checking: [],
    unaccounted: joined([...(own.unaccounted ?? []), ...open]),
    unaccountedTotal: plusSteps(own.unaccountedTotal, open),
    explained: newestExplained(own.explained, ...agreed, ...explained),
  };
  const counters: CountersMemory =
    ledger === undefined
      ? { ...next, judged: sumOf(judged, kept) }
      : {
          ...next,
          ledger: {
            ...ledger,
            ...(ledger.learned === undefined ? {} : { learned: { ...ledger.learned, news: {} } }),
            judged: sumOf(ledger.judged, kept),
            explained: sumOf(ledger.explained, amount),
            pending: {},
          },
        };
  return { counters, explained };
}

/**
 * Whether the confirmed faults are all that counters show, and counters show them all: then no count is still to come that would
 * change the decision.
 */
export function isMatched(checking: readonly MismatchStep[], confirmed: AccountedBy['confirmed']): boolean {
  const isOpen = ({ invariant }: MismatchStep) => isUnaccountable(invariant);
  if (!checking.some(isOpen)) return true;
  const { open, left } = matched(checking, confirmed);
  return !open.some(isOpen) && Object.values(left).every((n) => n === 0);
}

/** Takes off what was counted as faults, from the oldest step on. `left` are faults that no step shows. */
function matched(steps: readonly MismatchStep[], confirmed: AccountedBy['confirmed']) {
  const left = { ...confirmed };
  const open = orderedForFaults(steps).flatMap((step) => {
    let size = Math.abs(step.amount);
    for (const kind of faultKindsOf(step)) {
      const taken = Math.min(size, left[kind]);
      left[kind] -= taken;
      size -= taken;
    }
    return size === 0 ? [] : [{ ...step, amount: Math.sign(step.amount) * size }];
  });
  return { open, left };
}

/** How a fault of each kind shows in counters. A forged record may be taken for one that was altered. */
function faultKindsOf({ invariant, amount }: MismatchStep): readonly FindingKind[] {
  if (isBeyondExplaining(invariant)) return ['altered', 'missing', 'unexplained'];
  return amount > 0 ? ['missing'] : ['unexplained', 'altered'];
}

/** Changed records first: a record that was deleted is one fault, and no change without a call. */
function orderedForFaults(steps: readonly MismatchStep[]): readonly MismatchStep[] {
  const place = (invariant: AuditInvariant) => auditInvariants.toReversed().indexOf(invariant);
  return steps.toSorted((a, b) => place(a.invariant) - place(b.invariant) || a.until - b.until);
}

function isWitnessed({ from, to, isInScope }: MismatchStep, witnessed: AccountedBy['witnessed']): boolean {
  if (witnessed === undefined || from === undefined || !isInScope) return false;
  return BigInt(witnessed.from) <= BigInt(from) && BigInt(witnessed.to) >= BigInt(to);
}

function witnessText({ from, to }: MismatchStep): string {
  return `nothing was committed without a record: in the transactions ${from} to ${to} the write-ahead log holds as many changes as there are records`;
}

import { type AuditInvariant, auditInvariants } from '../../../../pack/audit-trail/metrics.js';
import type { Amounts, CountersMemory } from '../checks/counters/invariants.js';
import type { Known } from '../known.js';

/** While it is being made. */
export type Changing<T> = { -readonly [K in keyof T]: T[K] };

const neverExplained: ReadonlySet<AuditInvariant> = new Set(['records_sequence', 'records_mutated']);

/** Mismatches that normal operation cannot produce: somebody wrote to the audit table other than through the trigger. */
export function isBeyondExplaining(invariant: AuditInvariant, amount: number): boolean {
  return neverExplained.has(invariant) || (invariant === 'calls_records' && amount < 0);
}

/** What was judged in this epoch and in earlier ones, also while nothing can be counted. */
export function judgedSoFar({ ledger, judged = {} }: Known['checks']['counters']): Amounts {
  return ledger === undefined ? judged : lasting(ledger);
}

/** Mismatches without an explanation: judged, or not settled yet. While nothing can be counted: those judged before. */
export function unexplainedSoFar({ ledger, judged = {} }: CountersMemory): Amounts {
  if (ledger === undefined) return judged;
  const result: Changing<Amounts> = {};
  for (const invariant of auditInvariants) {
    const amount = (ledger.judged[invariant] ?? 0) + (ledger.pending[invariant] ?? 0);
    if (amount !== 0) result[invariant] = amount;
  }
  return result;
}

/** Ends the counting of an epoch. Mismatches that stay until a baseline is declared are carried over a restart. */
export function withoutLedger({ ledger, ...own }: CountersMemory): CountersMemory {
  return ledger === undefined ? own : { ...own, judged: lasting(ledger) };
}

/** What was judged, plus unsettled mismatches that normal operation cannot produce. */
function lasting({ judged, pending }: { readonly judged: Amounts; readonly pending: Amounts }): Amounts {
  const result: Changing<Amounts> = { ...judged };
  for (const invariant of auditInvariants) {
    const amount = pending[invariant] ?? 0;
    if (amount !== 0 && isBeyondExplaining(invariant, amount)) result[invariant] = (result[invariant] ?? 0) + amount;
  }
  return result;
}

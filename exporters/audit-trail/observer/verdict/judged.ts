import { type AuditInvariant, auditInvariants } from '../../../../pack/audit-trail/metrics.js';
import { type Amounts, type CountersMemory, sumOf } from '../checks/counters/invariants.js';
import { type MismatchStep, netOf } from '../checks/counters/steps.js';

/** While it is being made. */
export type Changing<T> = { -readonly [K in keyof T]: T[K] };

const neverExplained: ReadonlySet<AuditInvariant> = new Set(['records_sequence', 'records_mutated']);

/** Mismatches that normal operation cannot produce: audit records were changed, or inserted with an id of somebody's own. */
export function isBeyondExplaining(invariant: AuditInvariant): boolean {
  return neverExplained.has(invariant);
}

/** What was judged in this epoch and in earlier ones, also while nothing can be counted. */
export function judgedSoFar({ ledger, judged = {} }: Pick<CountersMemory, 'ledger' | 'judged'>): Amounts {
  return ledger === undefined ? judged : ledger.judged;
}

/** Mismatches without an explanation: judged, or not settled yet; also while nothing can be counted. */
export function unexplainedSoFar(own: Pick<CountersMemory, 'ledger' | 'judged' | 'checking'>): Amounts {
  const all = sumOf(judgedSoFar(own), amountsOf(own.checking));
  return Object.fromEntries(Object.entries(all).filter(([, amount]) => amount !== 0));
}

/** Ends the counting of an epoch. Whatever was not explained outlives it. */
export function withoutLedger({ ledger, ...own }: CountersMemory): CountersMemory {
  return ledger === undefined ? own : { ...own, judged: ledger.judged };
}

/** The steps of each invariant as one sum. */
export function amountsOf(steps: readonly MismatchStep[]): Amounts {
  const result: Changing<Amounts> = {};
  for (const invariant of auditInvariants) {
    const amount = netOf(steps, invariant);
    if (amount !== 0) result[invariant] = amount;
  }
  return result;
}

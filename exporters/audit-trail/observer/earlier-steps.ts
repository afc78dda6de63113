import { auditInvariants, unaccountedInvariants } from '../../../pack/audit-trail/metrics.js';
import { type MismatchStep, plusSteps } from './checks/counters/steps.js';
import type { Memory } from './memory.js';
import { judgedSoFar } from './verdict/judged.js';

/**
 * Earlier versions kept one signed sum for each invariant. What was judged by then, and what was being checked, becomes one step:
 * nothing that was shown is forgotten by an upgrade.
 */
export function withSteps(memory: Memory): Memory {
  const { counters } = memory.checks;
  if (counters.unaccounted !== undefined) return memory;
  const judged = judgedSoFar(counters);
  const pending = counters.ledger?.pending ?? {};
  const unaccounted = unaccountedInvariants.flatMap((invariant) => stepOf(memory, invariant, judged[invariant]));
  const checking = auditInvariants.flatMap((invariant) => stepOf(memory, invariant, pending[invariant]));
  const unaccountedTotal = plusSteps(counters.unaccountedTotal, unaccounted);
  return {
    ...memory,
    checks: { ...memory.checks, counters: { ...counters, checking, unaccounted, unaccountedTotal } },
  };
}

function stepOf({ epoch, looks }: Memory, invariant: MismatchStep['invariant'], amount = 0): MismatchStep[] {
  if (amount === 0) return [];
  const { at = 0, xmax: to = '0' } = looks.at(-1) ?? {};
  return [{ invariant, amount, since: epoch?.startedAt ?? at, until: at, to, tables: [], isInScope: false }];
}

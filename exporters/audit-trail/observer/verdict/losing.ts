import type { Failure } from '../../../runtime/postgres/failure.js';
import type { LoopState } from '../loop-state.js';

/** How things stand when the fast checks failed: nothing can be seen, and what was counted on the way is void. */
export function lostBy(state: LoopState, failure: Failure): LoopState {
  const { kind, reason } = failure;
  if (kind !== 'connection' && kind !== 'cancelled') {
    const lost = `the fast checks cannot be run: ${reason}`;
    const evidence = state.evidence.withFailure('catalogue', failure).withFailure('counters', failure);
    return { ...state, evidence, lost, saidLost: lost };
  }
  const lost = `the database cannot be seen: ${reason}`;
  const { checks } = state.memory;
  const memory = { ...state.memory, checks: { ...checks, counters: { ...checks.counters, window: [] } } };
  return { ...state, memory, evidence: state.evidence.withoutConnection(lost), lost, saidLost: lost };
}

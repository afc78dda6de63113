import { describeError } from '../../runtime/log.js';
import { failureOf } from '../../runtime/postgres/failure.js';
import type { LoopState } from './loop-state.js';

/** What to say of a look that failed. */
export function lookFailed(context: LoopState, error: unknown): void {
  const failure = failureOf(error);
  if (failure.kind === 'connection' || failure.kind === 'cancelled') {
    context.lost = `the database cannot be seen: ${failure.reason}`;
    context.evidence.connectionLost(context.lost);
    context.memory.checks.counters = { ...context.memory.checks.counters, window: [] };
  } else {
    context.evidence.failed('catalogue', failure);
    context.evidence.failed('counters', failure);
    context.lost = `the tripwires cannot be looked at: ${failure.reason}`;
  }
  context.metrics.lost();
  const isNews = context.saidLost !== context.lost;
  context.saidLost = context.lost;
  context.log[isNews ? 'warn' : 'debug']('look failed', { kind: failure.kind, error: describeError(error) });
}

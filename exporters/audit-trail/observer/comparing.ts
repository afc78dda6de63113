import { type ComparisonResult, runComparison } from '../comparisons/run.js';
import type { TrailContext } from './context.js';

/** Comparisons of business tables, which need no audit records; each in a look of its own, because one may fail. */
export async function compareBusinessTables(context: TrailContext, signal: AbortSignal): Promise<void> {
  for (const comparison of context.trail.comparisons) {
    const result = await context.heavy
      .look(signal, (session) => runComparison(comparison, session, signal))
      .catch((error: unknown): ComparisonResult => {
        signal.throwIfAborted();
        return { state: 'unknown', reason: error instanceof Error ? error.message : 'the comparison failed' };
      });
    context.compared.set(comparison.name, result);
    context.metrics.compared(comparison, result.state === 'compared' ? result.findings : undefined);
  }
}

import { type ComparisonResult, runComparison } from '../comparisons/index.js';
import { isComparisonName } from './comparison-names.js';
import type { TrailContext } from './context.js';

/** Comparisons of business tables, which need no audit records; each in a look of its own, because one may fail. */
export async function compareBusinessTables(context: TrailContext, signal: AbortSignal): Promise<void> {
  for (const name of context.trail.comparisons) {
    if (!isComparisonName(name)) continue;
    const result = await context.heavy
      .look(signal, (session) => runComparison(name, session, signal))
      .catch((error: unknown): ComparisonResult => {
        signal.throwIfAborted();
        return { state: 'unknown', reason: error instanceof Error ? error.message : 'the comparison failed' };
      });
    context.compared.set(name, result);
    context.metrics.compared(name, result.state === 'compared' ? result.findings : undefined);
  }
}

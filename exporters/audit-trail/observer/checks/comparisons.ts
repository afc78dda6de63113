import { z } from 'zod';
import { type ComparisonResult, runComparison } from '../../comparisons/run.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { Check } from '../check.js';
import { forgotten } from '../forgotten.js';

const memorySchema = z.object({
  /** By name. */
  results: forgotten<Readonly<Record<string, ComparisonResult>>>(),
  /** The comparison that runs next. A poll may end early, and must not always skip the same ones. */
  next: z.number().default(0),
});

/** Comparisons of business tables, which need no audit records; one in each run, because one may fail. */
export const comparisonsCheck: Check<DeepReadonly<z.infer<typeof memorySchema>>> = {
  name: 'comparisons',
  evidence: [],
  memory: memorySchema,
  async run({ trail, signal, readAside }, own) {
    const at = own.next < trail.comparisons.length ? own.next : 0;
    const comparison = trail.comparisons[at];
    if (comparison === undefined) return { memory: own };
    const result = await readAside((session) => runComparison(comparison, session, signal)).catch(
      (error: unknown): ComparisonResult => {
        signal.throwIfAborted();
        return { state: 'unknown', reason: error instanceof Error ? error.message : 'the comparison failed' };
      },
    );
    const next = at + 1;
    return {
      memory: { results: { ...own.results, [comparison.name]: result }, next },
      record: (metrics) => metrics.compared(comparison, result.state === 'compared' ? result.findings : undefined),
      isMore: next < trail.comparisons.length,
    };
  },
};

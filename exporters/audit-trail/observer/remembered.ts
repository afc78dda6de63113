import type { TrailContext } from './context.js';
import { showReadability, showRetention } from './record-checks.js';

/**
 * Shows again what the last exact checks found, after an exporter began or could not see for a while: a pass over whole
 * tables may end in hours, and until then what the one before it found is what is known.
 */
export function showRemembered(context: TrailContext): void {
  const { seen, memory, metrics } = context;
  for (const { label } of seen?.tables ?? []) {
    const swept = memory.tables[label]?.swept;
    if (swept !== undefined) metrics.replayed(label, swept.mismatches, swept.endedAt);
  }
  showReadability(context);
  if (context.retention !== undefined) showRetention(context, context.retention);
}

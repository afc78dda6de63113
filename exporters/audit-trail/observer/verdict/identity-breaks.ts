import { identityKinds } from '../../../../pack/metrics/index.js';
import type { LoopState } from '../loop-state.js';
import type { IdentityKind } from './findings.js';

/** Counts them, and remembers them for whoever asks after a restart. */
export function noteIdentityBreaks(
  { memory, metrics }: LoopState,
  breaks: Readonly<Partial<Record<IdentityKind, number>>>,
): void {
  for (const kind of identityKinds) {
    const n = breaks[kind] ?? 0;
    if (n === 0) continue;
    metrics.identityBreak(kind, n);
    memory.identityBreaks = { ...memory.identityBreaks, [kind]: (memory.identityBreaks?.[kind] ?? 0) + n };
  }
}

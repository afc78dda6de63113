import type { identityKinds } from '../../../pack/metrics/index.js';
import type { TrailContext } from './context.js';

export type IdentityKind = (typeof identityKinds)[number];

/** Counts it, and remembers it for whoever asks after a restart. */
export function noteIdentityBreak({ memory, metrics }: TrailContext, kind: IdentityKind, n: number): void {
  metrics.identityBreak(kind, n);
  if (n === 0) return;
  memory.identityBreaks = { ...memory.identityBreaks, [kind]: (memory.identityBreaks?.[kind] ?? 0) + n };
}

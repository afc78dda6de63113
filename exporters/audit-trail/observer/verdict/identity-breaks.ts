import { identityKinds } from '../../../../pack/audit-trail/metrics.js';
import type { Memory } from '../memory.js';
import type { IdentityKind } from './findings.js';

export type IdentityBreaks = Readonly<Partial<Record<IdentityKind, number>>>;

/** Remembers them for whoever asks after a restart. */
export function withIdentityBreaks(memory: Memory, breaks: IdentityBreaks): Memory {
  const found = identityKinds.filter((kind) => (breaks[kind] ?? 0) !== 0);
  if (found.length === 0) return memory;
  const sums = found.map((kind) => [kind, (memory.identityBreaks?.[kind] ?? 0) + (breaks[kind] ?? 0)]);
  return { ...memory, identityBreaks: { ...memory.identityBreaks, ...Object.fromEntries(sums) } };
}

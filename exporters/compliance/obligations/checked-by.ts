import type { Control } from '../../../pack/compliance/model/index.js';

/** Identifiers of the controls that check each obligation, by its name; none for an obligation that none checks. */
export function checkedBy(controls: readonly Control[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { id, checks } of controls) {
    for (const check of checks) {
      if (check.kind === 'deadline') found.set(check.obligation, [...(found.get(check.obligation) ?? []), id]);
    }
  }
  return found;
}

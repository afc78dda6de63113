import type { AuditTrail } from './model.js';

/** What of a trail is valid and yet worth a word. */
export function trailWarnings({ name, ignoresWalInspect, namesComparisons }: AuditTrail): readonly string[] {
  return [
    ...(namesComparisons === true
      ? [
          `auditTrails.${name}.comparisons is a list of names, which the next version will refuse: write a map, with title, ` +
            'strength and query of each, as in the shipped pack.yaml.',
        ]
      : []),
    ...(ignoresWalInspect === true
      ? [
          `auditTrails.${name}.witness of kind walinspect is no longer supported, and the next version will refuse it: the trail ` +
            'has no witness. Use kind: decoding with a slot: (wal_level = logical), or take the witness out.',
        ]
      : []),
  ];
}

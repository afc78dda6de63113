import type { Pack } from './model.js';
import { oneSilences, reserveOf } from './portal/in-flight.js';
import { plainSecrets } from './secrets/plain-secrets.js';

/** What is valid and yet worth a word: written to the log at each load, and by `kop check`. */
export function warnings(pack: Pack): readonly string[] {
  return [...limitWarnings(pack), ...trailWarnings(pack), ...plainSecrets(pack)];
}

function limitWarnings({ portals }: Pack): readonly string[] {
  return portals.flatMap(({ name, limits }) => {
    const key = `portals.${name}.limits`;
    return [
      ...(limits.ignoresBackoff === true
        ? [
            `${key}.backoff is no longer used, and the next version will refuse it: take it out. Nothing rests after time-outs ` +
              'any more; a request that is open beyond its deadline keeps its place (limits.maxInFlight, limits.abandonedAfter).',
          ]
        : []),
      ...(oneSilences(limits.maxInFlight)
        ? [
            `${key}.maxInFlight is ${limits.maxInFlight}: with fewer than 4 places a workflow, the canary too, whose request is ` +
              'neither answered nor closed is not tried again before that request is given up (limits.abandonedAfter); its ' +
              'turns have missed meanwhile, also where a single connection was lost.',
          ]
        : []),
      ...(reserveOf(limits.maxInFlight) === 0
        ? [
            `${key}.maxInFlight is ${limits.maxInFlight}: with fewer than 3 places none is kept for the canary, and hanging ` +
              'workflows can keep all others from being measured.',
          ]
        : []),
    ];
  });
}

function trailWarnings({ auditTrails }: Pack): readonly string[] {
  return auditTrails.flatMap(({ name, ignoresWalInspect, namesComparisons }) => [
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
  ]);
}

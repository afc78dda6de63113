import { oneSilences, reserveOf } from './in-flight.js';
import type { Portal } from './model.js';

/** Limits that are valid and yet worth a word. */
export function limitWarnings({ name, limits }: Portal): readonly string[] {
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
}

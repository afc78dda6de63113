/** How the places of `limits.maxInFlight` are shared, where requests stay open beyond their deadline. */

/** With fewer places one that is kept for the canary would be missed too much. */
const LEAST_FOR_RESERVE = 3;
/** A workflow holds no more places with requests that are open. */
export const mostOpenOfOne = 2;

/** Places that only a canary may have. */
export function reserveOf(maxInFlight: number): number {
  return maxInFlight < LEAST_FOR_RESERVE ? 0 : 1;
}

/**
 * Whether a workflow whose own request is open may try again, with so many open on the portal in all. A single lost
 * connection must not silence a workflow, and a route that hangs must leave a place to others beside the canary's.
 */
export function mayTryAgain(open: number, maxInFlight: number): boolean {
  return open < maxInFlight / 2 && open + 1 < maxInFlight - reserveOf(maxInFlight);
}

/** Whether a single request that is never answered keeps its workflow from being tried until it is given up. */
export function oneSilences(maxInFlight: number): boolean {
  return !mayTryAgain(1, maxInFlight);
}

/** How many workflows may hang at once, at worst, and a place still be left for those that do not. */
export function hangsWithRoom(maxInFlight: number): number {
  let open = 0;
  for (let hanging = 0; ; hanging += 1) {
    open += 1;
    if (mayTryAgain(open, maxInFlight)) open += 1;
    if (open >= maxInFlight - reserveOf(maxInFlight)) return hanging;
  }
}

/** How the places of `limits.maxInFlight` are shared, where requests stay open beyond their deadline. */

/** With fewer places, none is reserved for the canary, because the other workflows would have too few. */
const LEAST_FOR_RESERVE = 3;
/** Most places that open requests of one workflow may use. */
export const mostOpenOfOne = 2;

/** Places that only a canary may have. */
export function reserveOf(maxInFlight: number): number {
  return maxInFlight < LEAST_FOR_RESERVE ? 0 : 1;
}

/**
 * Whether a workflow with an open request may try again, given the number of open requests at the portal. A single lost
 * connection must not stop a workflow from being measured, and a hanging route must leave the others a place besides
 * the canary's.
 */
export function mayTryAgain(open: number, maxInFlight: number): boolean {
  return open < maxInFlight / 2 && open + 1 < maxInFlight - reserveOf(maxInFlight);
}

/** Whether one unanswered request stops its workflow from being tried until that request is given up. */
export function oneSilences(maxInFlight: number): boolean {
  return !mayTryAgain(1, maxInFlight);
}

/** How many workflows may hang at once, in the worst case, while a place remains for the others. */
export function hangsWithRoom(maxInFlight: number): number {
  let open = 0;
  for (let hanging = 0; ; hanging += 1) {
    open += 1;
    if (mayTryAgain(open, maxInFlight)) open += 1;
    if (open >= maxInFlight - reserveOf(maxInFlight)) return hanging;
  }
}

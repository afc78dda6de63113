/** Multi-window, multi-burn-rate: the condition that every family of service levels shares. */

import type { BurnWindow, Pack } from '../../pack/index.js';
import { type Recorded, windowOf } from '../../pack/metrics/index.js';
import { atLeast, plainNumber, promql } from './promql.js';

/** What a family records for it, each for a window such as `1h`. */
export interface Budget {
  readonly errorBudget: Recorded;
  errorRatio(window: string): Recorded;
  missed(window: string): Recorded;
}

/**
 * The long window comes first because its ratio is the alert's value; the short one makes the alert end soon after the
 * errors do.
 */
export function burning(pack: Pack, { shortSeconds, longSeconds, factor }: BurnWindow, r: Budget): string {
  const tooFast = (seconds: number) =>
    `${r.errorRatio(windowOf(seconds)).name} > ${plainNumber(factor)} * ${r.errorBudget.name}`;
  return promql`
    ${tooFast(longSeconds)}
    and
    ${tooFast(shortSeconds)}
    and
    ${r.missed(windowOf(longSeconds)).name} ${atLeast(pack.alerting.minimumMissedRuns)}
  `;
}

/** The end of a sentence of the alert's description. */
export function goesOn({ shortSeconds, longSeconds, factor }: BurnWindow): string {
  const speed = factor === 1 ? 'faster than' : `more than ${plainNumber(factor)} times as fast as`;
  return (
    `It goes on: over the last ${windowOf(longSeconds)} as over the last ${windowOf(shortSeconds)}, the error budget is ` +
    `used up ${speed} it is given.`
  );
}

import { performance } from 'node:perf_hooks';
import { collectGarbage } from '../../exporters/runtime/garbage.js';
import { median } from '../support/stats.js';

const ROUND_MS = 100;
const ROUNDS = 15;

interface Rates {
  /** Operations per second. */
  readonly ours: number;
  readonly bare: number;
  /** Of the bare rate that was measured right beside it: what slows the machine for a while slows both. */
  readonly share: number;
}

/** Both in turn, so that a slow moment of the machine hits either; the medians of some rounds. */
export function rates(work: { readonly ours: () => unknown; readonly bare: () => unknown }): Rates {
  const found: Rates[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const ours = rateOf(work.ours);
    const bare = rateOf(work.bare);
    // The first round only warms up.
    if (round >= 0) found.push({ ours, bare, share: ours / bare });
  }
  const middle = (of: keyof Rates) => median(found.map((one) => one[of]));
  return { ours: middle('ours'), bare: middle('bare'), share: middle('share') };
}

/** What was made last is kept for a moment, as a caller does: what nobody reads need not even be made. */
const kept: [made: unknown] = [undefined];

function rateOf(work: () => unknown): number {
  // Each pays for its own garbage, and none for that of the other.
  collectGarbage();
  const startedAt = performance.now();
  const until = startedAt + ROUND_MS;
  let count = 0;
  let now = startedAt;
  while (now < until) {
    for (let one = 0; one < 16; one += 1) kept[0] = work();
    count += 16;
    now = performance.now();
  }
  return (count * 1000) / (now - startedAt);
}

export function perSecond(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)}M/s`;
  return rate >= 10_000 ? `${(rate / 1000).toFixed(0)}k/s` : `${rate.toFixed(0)}/s`;
}

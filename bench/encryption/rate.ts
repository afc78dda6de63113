import { performance } from 'node:perf_hooks';
import { median } from '../support/stats.js';

const ROUND_MS = 60;
const ROUNDS = 9;

/** Operations per second of each, in turn, so that a slow moment of the machine hits all; the median of some rounds. */
export function rates<Name extends string>(work: Readonly<Record<Name, () => void>>): Record<Name, number> {
  const names = Object.keys(work).filter((name): name is Name => name in work);
  const found = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const name of names) {
      const rate = rateOf(work[name]);
      // The first round only warms up.
      if (round >= 0) found.get(name)?.push(rate);
    }
  }
  const result: Partial<Record<Name, number>> = {};
  for (const [name, values] of found) result[name] = median(values);
  return complete(result, names);
}

function rateOf(work: () => void): number {
  const startedAt = performance.now();
  const until = startedAt + ROUND_MS;
  let count = 0;
  let now = startedAt;
  while (now < until) {
    for (let one = 0; one < 16; one += 1) work();
    count += 16;
    now = performance.now();
  }
  return (count * 1000) / (now - startedAt);
}

function complete<Name extends string>(
  found: Partial<Record<Name, number>>,
  names: readonly Name[],
): Record<Name, number> {
  const isWhole = (value: Partial<Record<Name, number>>): value is Record<Name, number> =>
    names.every((name) => value[name] !== undefined);
  if (!isWhole(found)) throw new Error('a rate is missing');
  return found;
}

export function perSecond(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)}M/s`;
  return rate >= 10_000 ? `${(rate / 1000).toFixed(0)}k/s` : `${rate.toFixed(0)}/s`;
}

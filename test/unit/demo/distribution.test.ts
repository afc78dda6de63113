import { describe, expect, it } from 'vitest';
import { type Distribution, sample } from '../../../demo/portal/faults/distribution.js';
import { seededRandom } from '../../../demo/portal/faults/random.js';

const SAMPLES = 20_000;

function draws(distribution: Distribution, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: SAMPLES }, () => sample(distribution, random)).sort((a, b) => a - b);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: readonly number[]) => values[values.length / 2] ?? 0;

describe('injected latency', () => {
  it('is the same again for the same seed, and another for another', () => {
    const shape: Distribution = { distribution: 'normal', meanMs: 100, stdDevMs: 20 };
    expect(draws(shape, 7)).toEqual(draws(shape, 7));
    expect(draws(shape, 7)).not.toEqual(draws(shape, 8));
  });

  it('constant', () => {
    expect(new Set(draws({ distribution: 'constant', ms: 250 }))).toEqual(new Set([250]));
  });

  it('uniform stays inside and fills its range', () => {
    const values = draws({ distribution: 'uniform', minMs: 100, maxMs: 300 });
    expect(values[0]).toBeGreaterThanOrEqual(100);
    expect(values.at(-1)).toBeLessThanOrEqual(300);
    expect(mean(values)).toBeCloseTo(200, -1);
  });

  it('normal has its mean, and no negative wait', () => {
    expect(mean(draws({ distribution: 'normal', meanMs: 500, stdDevMs: 50 }))).toBeCloseTo(500, -1);
    expect(draws({ distribution: 'normal', meanMs: 1, stdDevMs: 50 })[0]).toBe(0);
  });

  it('lognormal has its median and a tail to the right', () => {
    const values = draws({ distribution: 'lognormal', medianMs: 400, sigma: 0.8 });
    expect(median(values) / 400).toBeCloseTo(1, 1);
    expect(mean(values)).toBeGreaterThan(median(values) * 1.2);
    expect(values.at(-1)).toBeLessThanOrEqual(600_000);
  });
});

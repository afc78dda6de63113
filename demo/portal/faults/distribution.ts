import { z } from 'zod';
import { normal, type Random } from './random.js';

const ms = z.number().min(0).max(600_000);
const seed = z.int().min(0).optional();

export const distributionSchema = z.discriminatedUnion('distribution', [
  z.strictObject({ distribution: z.literal('constant'), ms, seed }),
  z
    .strictObject({ distribution: z.literal('uniform'), minMs: ms, maxMs: ms, seed })
    .refine((range) => range.minMs <= range.maxMs, { path: ['maxMs'], message: 'must not be below minMs' }),
  z.strictObject({ distribution: z.literal('normal'), meanMs: ms, stdDevMs: ms, seed }),
  z.strictObject({ distribution: z.literal('lognormal'), medianMs: ms, sigma: z.number().min(0).max(3), seed }),
]);

export type Distribution = z.infer<typeof distributionSchema>;

/** Longest wait any distribution gives: the tails of the last two have no end of their own. */
export const LONGEST_MS = 600_000;

export function sample(distribution: Distribution, random: Random): number {
  return Math.min(LONGEST_MS, Math.max(0, draw(distribution, random)));
}

function draw(distribution: Distribution, random: Random): number {
  switch (distribution.distribution) {
    case 'constant':
      return distribution.ms;
    case 'uniform':
      return distribution.minMs + random() * (distribution.maxMs - distribution.minMs);
    case 'normal':
      return distribution.meanMs + normal(random) * distribution.stdDevMs;
    case 'lognormal':
      return distribution.medianMs * Math.exp(normal(random) * distribution.sigma);
  }
}

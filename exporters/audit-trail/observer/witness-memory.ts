import { z } from 'zod';
import { keptPlaceSchema } from '../witness/index.js';

/** Transactions that the witness never counted, or whose count was never compared. */
const rangeSchema = z.object({
  from: z.string(),
  to: z.string(),
  at: z.number(),
  reason: z.string(),
  /** A baseline of everything was declared since. */
  isAccepted: z.boolean(),
});

/** What must outlast a restart, so that a range of which nothing is known is not forgotten with it. */
export const witnessMemorySchema = z.object({
  place: keptPlaceSchema.optional(),
  /** Up to which transaction counts were compared, or are known never to be. */
  comparedTo: z.string().optional(),
  /** Why the last poll said nothing. */
  trouble: z.string().optional(),
  never: z.array(rangeSchema),
});
export type WitnessMemory = z.infer<typeof witnessMemorySchema>;

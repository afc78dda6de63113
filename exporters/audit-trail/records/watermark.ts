import { z } from 'zod';
import type { DeepReadonly } from '../deep-readonly.js';

/** How far records were read. Small enough for a file, and all that a restart needs. */
export const watermarkSchema = z.discriminatedUnion('mode', [
  z.object({
    mode: z.literal('xid8'),
    /** Read up to and including this (transaction, order) pair; an absent order: all of the transactions below. */
    xid: z.string().regex(/^\d+$/),
    ord: z.string().optional(),
  }),
  z.object({
    mode: z.literal('overlap'),
    /** Records before this were all visible at the last poll; from here on they are read again. */
    from: z.string().optional(),
    /** Ids in the overlap that were already read. */
    seen: z.array(z.string()),
  }),
]);

export type Watermark = DeepReadonly<z.infer<typeof watermarkSchema>>;

export function beginning(mode: Watermark['mode']): Watermark {
  return mode === 'xid8' ? { mode, xid: '0' } : { mode, seen: [] };
}

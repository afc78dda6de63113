import { z } from 'zod';
import type { AuditTrail } from '../../../../../pack/audit-trail/model.js';
import type { DeepReadonly } from '../../../deep-readonly.js';
import { watermarkSchema } from '../../../records/watermark.js';
import { forgotten } from '../../forgotten.js';
import type { TableReading } from '../../tables/memory.js';
import type { Stall } from './lag.js';
import type { ListedActors } from './listed-actors.js';

/** How far one poll has got. */
interface Round {
  /** New records may be left. */
  readonly isMore: boolean;
  /** What limited continuity in it. */
  readonly limitations: readonly string[];
  readonly listed: ListedActors;
  /** Going through old records again: until when, and how many of them. */
  readonly again?: { readonly deadline: number; readonly rows: number };
}

export const readingMemorySchema = z.object({
  progress: z
    .object({
      watermark: watermarkSchema.optional(),
      lastRead: z.object({ xid: z.string(), ord: z.string() }).optional(),
      /** When all records that were certain had been read, and up to which transaction. */
      caughtUpAt: z.number(),
      caughtUpTo: z.string(),
      everCaughtUp: z.boolean(),
    })
    .optional(),
  /**
   * What there was when reading began, while it is read: up to `below`, beside the records that are new since. Not on a
   * trail that is read in one window.
   */
  backlog: z
    .object({
      watermark: watermarkSchema,
      /** Where the first window ended. */
      fromXid: z.string(),
      below: z.string(),
      startedAt: z.number(),
    })
    .optional(),
  /** A record that must be there for as long as this is the same history, and the one that is to follow it. */
  landmark: z
    .object({
      xid: z.string().optional(),
      ord: z.string().optional(),
      candidate: z.object({ xid: z.string(), ord: z.string(), at: z.number() }),
    })
    .optional(),
  /** Tables as records name them. */
  recordNames: z.array(z.string()).default([]),
  /** Records that no call of a row trigger wrote, in this epoch. */
  uncalled: z
    .object({ truncates: z.number(), snapshots: z.number(), emptied: z.number().default(0) })
    .default({ truncates: 0, snapshots: 0, emptied: 0 }),
  /** A second pass over the history, after old records may have been touched or a new epoch began. */
  recheck: z
    .object({
      watermark: watermarkSchema.optional(),
      startedAt: z.number(),
      endedAt: z.number().optional(),
      /** Found in it so far, by table. */
      lackingImages: z.record(z.string(), z.number()).default({}),
    })
    .optional(),
  /**
   * Records updated or deleted, as the server counts them, and when that last changed; where an application writes them. `open` are
   * those that no baseline of the whole trail accepted.
   */
  touched: z.object({ count: z.number(), open: z.number().default(0), at: z.number().optional() }).optional(),
  stall: forgotten<Stall>(),
  /** Why what was read says nothing of now. */
  blind: forgotten<string>(),
  round: forgotten<Round>(),
});
export type ReadingMemory = DeepReadonly<z.infer<typeof readingMemorySchema>>;
export type ReadingRound = Round;

/** The memory of the check itself, and what it remembers of each table. */
export type ReadingOwn = ReadingMemory & { readonly tables: Readonly<Record<string, TableReading>> };

export const noReading: TableReading = { hadSnapshot: false, lackingImages: 0, epochRecords: 0 };

/** How long after its change an application may write a record. */
export function owedMsOf({ records }: AuditTrail): number {
  return records?.writtenBy === 'application' ? records.maxWriteLagMs : 0;
}

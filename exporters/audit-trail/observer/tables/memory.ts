import { z } from 'zod';
import { replayKinds } from '../../../../pack/audit-trail/metrics.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import { suspicionSchema, tableStateSchema } from '../verdict/state.js';
import { keyHistorySchema } from './earlier-keys.js';

const scanSchema = z.object({
  unit: z.number(),
  phase: z.enum(['rows', 'keys']),
  cursor: z.array(z.string()).optional(),
  startedAt: z.number(),
  mismatches: z.record(z.enum(replayKinds), z.number()),
  unbaselined: z.number(),
  compared: z.number(),
  /** Rows whose last record does not say what they were left as. */
  lackingImages: z.number().default(0),
  /** Columns with a value that no record tells. */
  untold: z.array(z.string()).default([]),
  busyMs: z.number(),
  /** Findings of an application-written trail that are too young to be judged. */
  postponed: z.number(),
});
export type Scan = DeepReadonly<z.infer<typeof scanSchema>>;

/** What the storage of a table and of its leaves was when it was last seen. */
const storageSchema = z.object({
  /** By relation oid. */
  filenodes: z.record(z.string(), z.string()).default({}),
  /** The relation that had each name: the table's own, and its leaves'. */
  relations: z.record(z.string(), z.string()).optional(),
  /** By oid of a relation that took the name of another while we watched: the transaction that made it. */
  made: z.record(z.string(), z.string()).optional(),
  /** By relation oid: row versions from this transaction on were made in this storage while we watched. */
  watched: z.record(z.string(), z.object({ xid: z.string(), filenode: z.string() })).default({}),
});

export type TableStorage = DeepReadonly<z.infer<typeof storageSchema>>;

/** Whether every operation was recorded when it was last seen. */
const triggersSchema = z.object({
  isRecording: z.boolean().optional(),
  /** Milliseconds; as far as it is known. */
  recordingSince: z.number().optional(),
});
export type TableTriggers = DeepReadonly<z.infer<typeof triggersSchema>>;

/** What its records said. */
const tableReadingSchema = z.object({
  /** By column: transactions that changed its definition and with it the form of values; the catalogue knows the last. */
  redefined: z.record(z.string(), z.array(z.string())).optional(),
  /** By oid of the table, or of its leaves. */
  keys: z.record(z.string(), keyHistorySchema).optional(),
  hadSnapshot: z.boolean().default(false),
  /** Records that cannot be compared with the one before; until a baseline is declared, because they stay so. */
  lackingImages: z.number().default(0),
  epochRecords: z.number().default(0),
});
export type TableReading = DeepReadonly<z.infer<typeof tableReadingSchema>>;

/** The full scan under way, and the last that ended. */
const tableReplaySchema = z.object({
  scan: scanSchema.optional(),
  scanned: scanSchema.extend({ endedAt: z.number(), isClean: z.boolean() }).optional(),
});
export type TableReplay = DeepReadonly<z.infer<typeof tableReplaySchema>>;

/** What is known of one table: the verdict on it, and what each check remembers of it. It goes with the table's name. */
export const tableMemorySchema = z.object({
  state: tableStateSchema.optional(),
  suspicion: suspicionSchema.optional(),
  explanation: z.object({ reason: z.string(), at: z.number() }).optional(),
  confirmed: z
    .object({ since: z.number(), counts: z.record(z.string(), z.number()), ids: z.array(z.string()), last: z.string() })
    .optional(),
  accepted: z.object({ xid: z.string(), at: z.number(), ids: z.array(z.string()) }).optional(),
  /** First sightings, by finding. */
  postponed: z.record(z.string(), z.number()).default({}),
  epochMissing: z.number().default(0),
  triggers: triggersSchema.prefault({}),
  storage: storageSchema.prefault({}),
  reading: tableReadingSchema.prefault({}),
  replay: tableReplaySchema.prefault({}),
});
export type TableMemory = DeepReadonly<z.infer<typeof tableMemorySchema>>;

export function newTableMemory(): TableMemory {
  return tableMemorySchema.parse({});
}

export function newScan(startedAt: number): Scan {
  const mismatches = { missing_live: 0, missing_record: 0, resurrected: 0, different: 0 };
  const counts = { unbaselined: 0, compared: 0, lackingImages: 0, untold: [], busyMs: 0, postponed: 0 };
  return { unit: 0, phase: 'rows', startedAt, mismatches, ...counts };
}

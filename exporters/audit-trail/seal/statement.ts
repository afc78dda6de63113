import { z } from 'zod';
import {
  commonFields,
  countSchema,
  type DisposalStatement,
  digestSchema,
} from '../../runtime/sealing/log/statement.js';

/** Where a chunk ends: after this row, or before the first row of this order value. */
const bound = z.strictObject({ order: z.string(), id: z.string().optional() });
export type Bound = z.infer<typeof bound>;

const position = z.strictObject({ order: z.string(), id: z.string() });
export type Position = z.infer<typeof position>;

/** Of which records a range is, by their ids: beyond `after`, up to and with `upTo`. Absent: without that limit. */
const idRange = z.strictObject({ after: z.string().optional(), upTo: z.string().optional() });
export type IdRange = z.infer<typeof idRange>;

/** The end of a range that holds whatever is left: no transaction has this id. */
export const LAST_TRANSACTION = '18446744073709551615';

const database = z.strictObject({
  /** Absent when the role may not read it. */
  system: z.string().optional(),
  timeline: z.int().optional(),
  name: z.string(),
});
export type DatabaseIdentity = z.infer<typeof database>;

/** How rows become leaves. A change of any part begins with the next chunk; older chunks keep theirs. */
const rowFormat = z.strictObject({
  /** Stands before each row's text in its leaf. */
  prefix: z.string(),
  table: z.string(),
  archive: z.string().optional(),
  columns: z.array(z.string()).min(2),
  order: z.strictObject({ column: z.string(), type: z.string() }),
  id: z.strictObject({ column: z.string(), type: z.string() }),
  /** `exact`: read below the snapshot's xmin. `overlap`: below the start of the oldest open transaction. */
  certainty: z.enum(['exact', 'overlap']),
});
export type RowFormat = z.infer<typeof rowFormat>;

export const chunk = z.strictObject({
  kind: z.literal('chunk'),
  ...commonFields,
  epoch: countSchema,
  database,
  /** Of the snapshot that the rows were read in; for recognising a database that went back in time. */
  snapshot: z.strictObject({ xmin: z.string(), xmax: z.string() }),
  rows: rowFormat,
  /** Absent in the first chunk: from the beginning. */
  from: bound.optional(),
  to: bound,
  /**
   * Where another database gave out transaction ids before, they are no order over all records. With `upTo` it is one of
   * the last chunks of the records of before; without it, it is of those that were written since.
   */
  ids: idRange.optional(),
  first: position.optional(),
  last: position.optional(),
  count: countSchema,
  counts: z.array(z.tuple([z.string(), z.string(), countSchema])),
  chunkRoot: digestSchema,
  /** Rows that appeared inside an earlier chunk's range after it was sealed; the first leaves of this chunk. */
  late: z.array(position).optional(),
});
export type ChunkStatement = z.infer<typeof chunk>;

export const epoch = z.strictObject({
  kind: z.literal('epoch'),
  ...commonFields,
  epoch: countSchema,
  database,
  snapshot: z.strictObject({ xmin: z.string(), xmax: z.string() }),
  reason: z.string().min(1),
  by: z.string().min(1),
  /** Records with ids up to here are of the database of before; the others have ranges of their own. */
  inheritedUpTo: z.string().optional(),
});
export type EpochStatement = z.infer<typeof epoch>;

/** What an audit trail's log holds beside disposals. */
export type AuditStatement = ChunkStatement | EpochStatement;
export type Statement = AuditStatement | DisposalStatement;

import { z } from 'zod';
import { HASH_BYTES } from './merkle.js';
import { decodeBase64, NoteError } from './note.js';

/**
 * What a log entry states beside its checkpoint, as one line of JSON inside a signed note. Checkpoints carry no
 * extension lines (C2SP advises against them), so all else that must be signed is here.
 */

/** Where a chunk ends: after this row, or before the first row of this order value. */
const bound = z.strictObject({ order: z.string(), id: z.string().optional() });
export type Bound = z.infer<typeof bound>;

const position = z.strictObject({ order: z.string(), id: z.string() });
export type Position = z.infer<typeof position>;

const digest = z.string().refine((text) => decodeBase64(text)?.length === HASH_BYTES, 'not a SHA-256 in base64');
const count = z.int().nonnegative();

const common = {
  version: z.literal(1),
  origin: z.string(),
  seq: count,
  /** RFC 3339, the sealer's clock. */
  time: z.iso.datetime(),
  /** Of the tree after this entry, as in its checkpoint. */
  size: count,
  root: digest,
  /** SHA-256 of the whole previous line of the log, without its newline; of nothing before the first. */
  prev: digest,
  /** Who signs; whoever trusts one of the signers may trust these. */
  keys: z.array(z.string()).min(1),
};

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

const chunk = z.strictObject({
  kind: z.literal('chunk'),
  ...common,
  epoch: count,
  database,
  /** Of the snapshot that the rows were read in; for recognising a database that went back in time. */
  snapshot: z.strictObject({ xmin: z.string(), xmax: z.string() }),
  rows: rowFormat,
  /** Absent in the first chunk: from the beginning. */
  from: bound.optional(),
  to: bound,
  first: position.optional(),
  last: position.optional(),
  count,
  counts: z.array(z.tuple([z.string(), z.string(), count])),
  chunkRoot: digest,
  /** Rows that appeared inside an earlier chunk's range after it was sealed; the first leaves of this chunk. */
  late: z.array(position).optional(),
});
export type ChunkStatement = z.infer<typeof chunk>;

const disposal = z.strictObject({
  kind: z.literal('disposal'),
  ...common,
  /** Entries, both inclusive, whose rows were lawfully disposed of. Their roots and counts stay in the log. */
  first: count,
  last: count,
  count,
  reason: z.string().min(1),
  by: z.string().min(1),
});
export type DisposalStatement = z.infer<typeof disposal>;

const epoch = z.strictObject({
  kind: z.literal('epoch'),
  ...common,
  epoch: count,
  database,
  snapshot: z.strictObject({ xmin: z.string(), xmax: z.string() }),
  reason: z.string().min(1),
  by: z.string().min(1),
});
export type EpochStatement = z.infer<typeof epoch>;

const statement = z.discriminatedUnion('kind', [chunk, disposal, epoch]);
export type Statement = z.infer<typeof statement>;

export function statementText(value: Statement): string {
  return `${JSON.stringify(value)}\n`;
}

export function parseStatement(text: string): Statement {
  const parsed = statement.safeParse(parseJson(text));
  if (!parsed.success) throw new NoteError(`malformed statement: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

const line = z.strictObject({
  statement: z.string(),
  checkpoint: z.string(),
  /** RFC 6962 proof from the previous entry's tree to this one. */
  consistency: z.array(digest),
});
export type LogLine = z.infer<typeof line>;

export function parseLine(text: string): LogLine {
  const parsed = line.safeParse(parseJson(text));
  if (!parsed.success) throw new NoteError(`malformed log line: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NoteError('malformed log line: no JSON', { cause });
  }
}

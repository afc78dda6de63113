import { z } from 'zod';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import { checkInclusion } from '../../runtime/sealing/proof/inclusion.js';
import type { NoteVerifier } from '../../runtime/sealing/signing/note.js';
import { leafHash } from '../../runtime/sealing/tree/merkle.js';
import { inclusionRanges, readProof } from '../../runtime/sealing/tree/proofs.js';
import type { AuditStore } from './audit-log.js';
import { LEAF_PREFIX, selectIsUnder, selectPosition } from './row-format.js';
import { positionsOf, readLeafTexts, unescapeCopy } from './row-source.js';
import type { SealSession } from './session.js';
import type { Position, RowFormat } from './statement.js';

const HOW_TO_VERIFY = [
  'checkpoint is a C2SP signed note; check its Ed25519 signature with the published key',
  'its text is origin, tree size and base64 root, one a line',
  `leafHash is SHA-256(0x00 ‖ text), where text is ${LEAF_PREFIX} and the record as a line of PostgreSQL COPY: order, id, and the other columns`,
  'path, index and the tree size lead from leafHash to the root as in RFC 6962 section 2.1.1',
] as const;

const proofDocument = z.object({
  kop: z.literal('audit-proof-1'),
  origin: z.string(),
  record: z.object({ table: z.string(), columns: z.array(z.string()), order: z.string(), id: z.string() }),
  sealed: z.object({ entry: z.int(), time: z.string() }),
  prefix: z.string(),
  /** Absent unless asked for: it is the record itself. */
  text: z.string().optional(),
  leafHash: z.string(),
  index: z.int().nonnegative(),
  path: z.array(z.string()),
  checkpoint: z.string(),
  howToVerify: z.array(z.string()),
});
export type ProofDocument = z.infer<typeof proofDocument>;

/** The part that is checked. The rest of the document is not proven, so nothing depends on it. */
const checkedDocument = proofDocument
  .omit({ sealed: true, howToVerify: true })
  .extend({ record: z.object({ columns: z.array(z.unknown()), order: z.string(), id: z.string() }) });

export interface ProveOptions {
  readonly store: AuditStore;
  readonly session: SealSession;
  readonly signal: AbortSignal;
  readonly id: string;
  readonly withText?: boolean;
}

/** A document with which a third party can check that this record is under the newest checkpoint. */
export async function proveRecord({
  store,
  session,
  signal,
  id,
  withText = false,
}: ProveOptions): Promise<ProofDocument> {
  const { last } = store;
  const format = store.view.rows;
  if (last === undefined || format === undefined) throw new SealUnavailable('nothing is sealed yet');
  const { position, text, seq } = await session.snapshot(signal, async () => {
    const found = await locate(session, format, id);
    const [leafText] = await readLeafTexts(session, format, [found]);
    return { position: found, text: leafText, seq: await entryOf(store, session, format, found) };
  });
  const { statement } = await store.entry(seq);
  const file = await store.leafFile(seq);
  if (statement.kind !== 'chunk' || file === undefined) throw new SealUnavailable(`record ${id} is not sealed yet`);
  const row = positionsOf(file.keys).findIndex((key) => key.order === position.order && key.id === position.id);
  if (row < 0) {
    throw new SealUnavailable(
      `record ${id} lies in the range of entry ${seq} but is not sealed there; verify the trail`,
    );
  }
  const index = file.start + row;
  const leaf = await store.node({ level: 0, index });
  const path = await readProof(inclusionRanges(index, last.statement.size), store.node);
  const isAsSealed = text !== undefined && leafHash(text).equals(leaf);
  const document: ProofDocument = {
    kop: 'audit-proof-1',
    origin: store.origin,
    record: { table: format.table, columns: [...statement.rows.columns], order: position.order, id: position.id },
    sealed: { entry: seq, time: statement.time },
    prefix: statement.rows.prefix,
    // A record that was changed since does not belong to the leaf that is proven.
    ...(withText && isAsSealed ? { text } : {}),
    leafHash: leaf.toString('base64'),
    index,
    path: path.map((hash) => hash.toString('base64')),
    checkpoint: last.line.checkpoint,
    howToVerify: [...HOW_TO_VERIFY],
  };
  if (text !== undefined && !isAsSealed && sameColumns(format, statement.rows)) {
    throw new SealUnavailable(`record ${id} is not as it was sealed in entry ${seq}; verify the trail`);
  }
  return document;
}

export type ProofResult =
  /** What is proven: the record itself, and its place in the order. */
  | { readonly ok: true; readonly size: number; readonly record: Position & { readonly text: string } }
  | { readonly ok: false; readonly reason: string }
  /** The leaf is under the checkpoint. Of which record it is, a document without text does not show. */
  | { readonly ok: null; readonly size: number; readonly reason: string };

/** Needs the document and the published key, nothing else. */
export function verifyProof(document: unknown, keys: readonly NoteVerifier[]): ProofResult {
  const parsed = checkedDocument.safeParse(document);
  if (!parsed.success) return { ok: false, reason: `this is no proof document: ${z.prettifyError(parsed.error)}` };
  const { text, record } = parsed.data;
  const wrong = textTrouble(parsed.data);
  if (wrong !== undefined) return { ok: false, reason: wrong };
  const proven = checkInclusion(parsed.data, keys);
  if (!proven.ok) return proven;
  const { size } = proven;
  if (text === undefined) {
    return {
      ok: null,
      size,
      reason: 'the document does not hold the text of the record, so it does not show which record this is',
    };
  }
  return { ok: true, size, record: { order: record.order, id: record.id, text } };
}

/** The format defines where values stand in a text. The document must not, because a forger could choose. */
function textTrouble({ prefix, record, text, leafHash: leaf }: z.infer<typeof checkedDocument>): string | undefined {
  if (prefix !== LEAF_PREFIX) return `the prefix is not ${LEAF_PREFIX}`;
  if (text === undefined) return undefined;
  if (leafHash(text).toString('base64') !== leaf) {
    return 'the text does not hash to leafHash: it is not the record that was sealed';
  }
  if (!text.startsWith(LEAF_PREFIX)) return `the text does not begin with ${LEAF_PREFIX}`;
  const values = text.slice(LEAF_PREFIX.length).split('\t');
  if (values.length !== record.columns.length) return 'the text has not as many values as record has columns';
  const [order, id] = values.slice(0, 2).map(unescapeCopy);
  return order === record.order && id === record.id
    ? undefined
    : 'the text is of another record than the document says';
}

const place = z.object({ order: z.string(), id: z.string() });
const isUnder = z.object({ under: z.boolean() });

async function locate(session: SealSession, format: RowFormat, id: string): Promise<Position> {
  const found = await session.rows(selectPosition(format, id), place);
  const [position] = found;
  if (position === undefined) throw new SealUnavailable(`${format.table} has no record ${id}`);
  if (found.length > 1) throw new SealUnavailable(`${format.table} has ${found.length} records with the id ${id}`);
  return position;
}

/** The chunk in whose range the row lies; the database compares, because only it knows its types. */
async function entryOf(
  store: AuditStore,
  session: SealSession,
  format: RowFormat,
  position: Position,
): Promise<number> {
  const late = store.view.lateIn(position);
  if (late !== undefined) return late;
  const chunks: number[] = [];
  for (let seq = 0; seq < store.index.length; seq += 1)
    if (store.view.isChunk(seq) && (!store.view.hasRanges || (await isOfRange(store, seq, position)))) chunks.push(seq);
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { statement } = await store.entry(chunks[middle] ?? 0);
    if (statement.kind !== 'chunk') throw new Error('the log returned another entry');
    const { under } = await session.one(selectIsUnder(format, position, statement.to), isUnder);
    if (under) high = middle;
    else low = middle + 1;
  }
  const seq = chunks[low];
  if (seq === undefined) throw new SealUnavailable(`record ${position.id} is not sealed yet`);
  if (store.index.isDisposed(seq))
    throw new SealUnavailable(`entry ${seq} was disposed of; its records can no longer be proven`);
  return seq;
}

/** Orders of records can only be compared within a range. */
async function isOfRange(store: AuditStore, seq: number, { id }: Position): Promise<boolean> {
  const { statement } = await store.entry(seq);
  if (statement.kind !== 'chunk') return false;
  const { after, upTo } = store.view.idsOf(statement) ?? {};
  const isBeyond = after === undefined || BigInt(id) > BigInt(after);
  return isBeyond && (upTo === undefined || BigInt(id) <= BigInt(upTo));
}

function sameColumns(left: RowFormat, right: RowFormat): boolean {
  return JSON.stringify(left.columns) === JSON.stringify(right.columns);
}

import { z } from 'zod';
import { ident, parseQualified, qualified } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { RecordsWindow } from '../../records/reader.js';
import type { RecordsSql } from '../../records/sql.js';
import type { Check, RecordsPoll } from '../check.js';
import { identityEvidence } from '../verdict/evidence.js';

/** Another record with the id of a new one. Not asked where a unique index makes it impossible. */
const DUPLICATES = (sql: RecordsSql, window: RecordsWindow) => `
select count(*)::int as n from (
  select r.id from ${sql.live} r where ${window.where('r')} group by r.id
  having count(*) > 1 ${sql.shape.idIsIndexed ? `or (select count(*) from (select from ${sql.live} o where o.id = r.id limit 2) t) > 1` : ''}) d`;

/** From the least to the greatest new id, how many records there are and how many ids. */
const WITHIN = (sql: RecordsSql, window: RecordsWindow) => `
with w as materialized (select min(r.id) as low, max(r.id) as high, count(*) as n from ${sql.live} r where ${window.where('r')})
select case when (select high - low <= ${SPREAD} * n from w)
  then (select count(*) - count(distinct o.id) from ${sql.live} o where o.id between (select low from w) and (select high from w))
  end::int as more`;
const SPREAD = 4;

/** The sequence is read after the highest id: it only grows, so no id that it gave out can be above it. */
const BEYOND = (sql: RecordsSql, sequence: string) => `
with m as materialized (select max(t.${ident(sql.records.columns.id.column)})::text as highest from ${qualified(parseQualified(sql.records.table))} t)
select m.highest, (select case when s.is_called then s.last_value else s.last_value - 1 end from ${sequence} s)::text as given
from m`;

export async function countDuplicates(session: Session, sql: RecordsSql, window: RecordsWindow): Promise<number> {
  if (sql.shape.idIsUnique) return 0;
  // New ids mostly lie close together: then one walk over the index tells that none is there twice.
  if (sql.hasOrderedIds && sql.shape.idIsIndexed) {
    const [within] = await session.query<{ more: number | null }>(WITHIN(sql, window), window.params);
    if (within?.more === 0) return 0;
  }
  const [row] = await session.query<{ n: number }>(DUPLICATES(sql, window), window.params);
  return row?.n ?? 0;
}

const memorySchema = z.object({
  highest: z.string().optional(),
  /** Last id that the sequence gave out. */
  given: z.string().optional(),
  /** A crash takes back ids of transactions that had not committed; so only within an epoch must it never fall. */
  epoch: z.number().default(0),
});
export type IdentityMemory = DeepReadonly<z.infer<typeof memorySchema>>;

interface IdentityResult {
  readonly next: IdentityMemory;
  /** New since the last run: an id above all that were given out. */
  readonly beyondSequence: boolean;
  /** The sequence stands below where it once was: it will give out ids again. */
  readonly regressed: boolean;
}

export const identityCheck: Check<IdentityMemory, RecordsPoll> = {
  name: 'identity',
  evidence: ['identity'],
  memory: memorySchema,
  async run({ sql, facts, known, read }, own) {
    const evidence = { identity: identityEvidence(facts) };
    const result = await read((session) => checkIdentity(session, sql, known.epoch?.startedAt ?? 0, own));
    if (result === undefined) return { memory: own, evidence };
    const { next, beyondSequence, regressed } = result;
    return {
      memory: next,
      evidence,
      breaks: { beyond_sequence: beyondSequence ? 1 : 0, regressed: regressed ? 1 : 0 },
      isOrderLost: regressed,
    };
  },
};

/** Last id that the sequence gave out, where it can be read. */
export async function readGiven(session: Session, sql: RecordsSql): Promise<bigint | undefined> {
  const { sequence } = sql.shape;
  if (sequence === undefined || !sequence.readable) return undefined;
  const [row] = await session.query<{ given: string }>(
    `select (case when s.is_called then s.last_value else s.last_value - 1 end)::text as given from ${sequence.name} s`,
  );
  return row === undefined ? undefined : BigInt(row.given);
}

/** Gaps are no fault: rollbacks, caches and crashes all leave them. */
async function checkIdentity(
  session: Session,
  sql: RecordsSql,
  epoch: number,
  before: IdentityMemory,
): Promise<IdentityResult | undefined> {
  const { sequence } = sql.shape;
  if (sequence === undefined || !sequence.readable) return undefined;
  const [row] = await session.query<{ highest: string | null; given: string }>(BEYOND(sql, sequence.name));
  if (row === undefined) return undefined;
  const next = { ...(row.highest === null ? {} : { highest: row.highest }), given: row.given, epoch };
  const regressed = before.given !== undefined && before.epoch === epoch && BigInt(row.given) < BigInt(before.given);
  const isBeyond = row.highest !== null && BigInt(row.highest) > BigInt(row.given);
  const wasBeyond =
    before.highest === next.highest &&
    before.given !== undefined &&
    row.highest !== null &&
    BigInt(row.highest) > BigInt(before.given);
  return {
    next,
    // Of a sequence that was set back, the ids above it say nothing more.
    beyondSequence: isBeyond && !wasBeyond && !regressed,
    regressed,
  };
}

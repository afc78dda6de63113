import { z } from 'zod';
import type { AuditRecords, AuditRetention } from '../../../../pack/audit-trail/model.js';
import { parseQualified } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { RecordsSql } from '../../records/sql.js';
import type { LawfulDisposal } from '../../seal/index.js';
import type { Check, RecordsPoll } from '../check.js';
import { forgotten } from '../forgotten.js';
import { isReplaced } from '../tables/storage.js';
import { isBeginningDisposedOf, isDisposedOf, type Placed } from './disposals.js';

/**
 * Live and archived records as one: what moved to the archive is still there. By order of writing, for which there
 * is an index; a least time would have to be searched for in all records.
 */
const OLDEST = (sql: RecordsSql) => `
select r.ord::text as ord, r.txid::text as txid, extract(epoch from r.at)::float8 as at from ${sql.all} r where r.ord is not null order by r.ord limit 1`;

const IS_THERE = (sql: RecordsSql) =>
  `select 1 as there from ${sql.all} r where r.ord = $1::text::${sql.ordType} limit 1`;

const FIRST_TO_KEEP = (sql: RecordsSql, isLater: boolean) => `
select r.ord::text as ord, r.txid::text as txid, extract(epoch from r.at)::float8 as at from ${sql.all} r
where r.at >= to_timestamp($1::float8) ${isLater ? `and r.ord >= $2::text::${sql.ordType}` : ''} order by r.ord limit 1`;

/** Bounds of the audit table's range partitions, as PostgreSQL prints them. */
const BOUNDS = `
select pg_get_expr(c.relpartbound, c.oid) as bound
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent join pg_namespace n on n.oid = p.relnamespace
where n.nspname = $1 and p.relname = $2 and c.relispartition`;

/** Data begins a little after auditing does. */
const BEGINNING_SECONDS = 86_400;
const DAY_SECONDS = 86_400;

export interface RetentionFound {
  /** Of the oldest record, in seconds; undefined without records. */
  readonly oldest: number | undefined;
  readonly disposedEarly: boolean;
  readonly partitionGaps: number;
}

const memorySchema = z.object({
  /** The oldest record that must be kept; it is searched for again. */
  firstToKeep: z.object({ ord: z.string(), at: z.number(), txid: z.string().optional() }).optional(),
  found: forgotten<RetentionFound>(),
});
export type RetentionMemory = DeepReadonly<z.infer<typeof memorySchema>>;

export const retentionCheck: Check<RetentionMemory, RecordsPoll> = {
  name: 'retention',
  evidence: [],
  memory: memorySchema,
  async run({ trail, sql, disposals, now, read }, own) {
    const result = await read(async (session) => {
      const found = await checkRetention(session, sql, trail.retention, own.firstToKeep, disposals, now() / 1000);
      return (await isReplaced(session, sql)) ? undefined : found;
    });
    if (result === undefined) return { memory: own };
    const { firstToKeep, ...found } = result;
    if (firstToKeep === undefined) return { memory: { found } };
    const { ord, at, txid } = firstToKeep;
    return { memory: { firstToKeep: { ord, at, ...(txid == null ? {} : { txid }) }, found } };
  },
  show({ found }, metrics) {
    if (found === undefined) return;
    const { oldest, disposedEarly, partitionGaps } = found;
    metrics.retention(oldest, { disposed_early: disposedEarly ? 1 : 0, partition_gap: partitionGaps });
  },
  accept: ({ found }) => ({ found }),
};

interface RetentionResult extends RetentionFound {
  readonly firstToKeep: Placed | undefined;
}

/**
 * Records younger than `keepDays` must be there, as far back as auditing goes. A young system cannot have old records:
 * it is judged by a record that was seen, and by `since` where the configuration says when auditing began.
 */
async function checkRetention(
  session: Session,
  sql: RecordsSql,
  retention: AuditRetention,
  before: Placed | undefined,
  disposals: readonly LawfulDisposal[],
  nowSeconds: number,
): Promise<RetentionResult> {
  const mustReach = nowSeconds - retention.keepDays * DAY_SECONDS;
  const [oldest] = await session.query<Placed & Record<string, unknown>>(OLDEST(sql));
  const stillDue = before !== undefined && before.at >= mustReach ? before : undefined;
  const isGone = stillDue !== undefined && (await session.query(IS_THERE(sql), [stillDue.ord])).length === 0;
  const isLawful = isGone && isDisposedOf(disposals, stillDue);
  return {
    oldest: oldest?.at,
    disposedEarly:
      (isGone && !isLawful) ||
      (!isBeginningDisposedOf(disposals) && beganTooLate(sql, retention, oldest, mustReach, nowSeconds)),
    partitionGaps: await partitionGaps(session, sql.records),
    firstToKeep: (isLawful ? undefined : stillDue) ?? (await firstToKeep(session, sql, mustReach, before)),
  };
}

async function firstToKeep(
  session: Session,
  sql: RecordsSql,
  mustReach: number,
  before: Placed | undefined,
): Promise<Placed | undefined> {
  const params = before === undefined ? [mustReach] : [mustReach, before.ord];
  const [row] = await session.query<Placed & Record<string, unknown>>(FIRST_TO_KEEP(sql, before !== undefined), params);
  return row;
}

/**
 * An id after the sequence's first means that something came before it. Rolled-back work explains that too, but not
 * for longer than a day.
 */
function beganTooLate(
  sql: RecordsSql,
  retention: AuditRetention,
  oldest: Placed | undefined,
  mustReach: number,
  nowSeconds: number,
): boolean {
  const start = sql.shape.sequence?.start;
  if (retention.since === undefined || start === undefined || !sql.hasOrderedIds) return false;
  const hasPredecessor = oldest !== undefined && BigInt(oldest.ord.split('.')[0] ?? '0') > start;
  return (
    hasPredecessor &&
    (oldest?.at ?? nowSeconds) > Math.max(Date.parse(retention.since) / 1000, mustReach) + BEGINNING_SECONDS
  );
}

async function partitionGaps(session: Session, records: AuditRecords): Promise<number> {
  const { schema, name } = parseQualified(records.table);
  const rows = await session.query<{ bound: string }>(BOUNDS, [schema, name]);
  return gapsIn(rows.map(({ bound }) => bound));
}

/** Ranges that do not begin where the one before ended. Only ranges over one column can be put in a row. */
export function gapsIn(bounds: readonly string[]): number {
  const ranges = bounds
    .map((bound) => /^FOR VALUES FROM \('([^']*)'\) TO \('([^']*)'\)$/.exec(bound))
    .flatMap((match) => (match === null ? [] : [{ from: match[1] ?? '', to: match[2] ?? '' }]))
    .sort((a, b) => order(a.from, b.from));
  return ranges.slice(1).filter((range, index) => order(ranges[index]?.to ?? '', range.from) < 0).length;
}

function order(a: string, b: string): number {
  const isNumeric = /^-?\d+$/.test(a) && /^-?\d+$/.test(b);
  const difference = isNumeric ? Number(BigInt(a) - BigInt(b)) : Date.parse(a) - Date.parse(b);
  return Number.isNaN(difference) ? a.localeCompare(b, 'en') : difference;
}

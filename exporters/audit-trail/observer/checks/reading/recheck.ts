import { readFacts } from '../../../database/facts.js';
import { nextWindow } from '../../../records/reader.js';
import type { Outcome } from '../../check.js';
import type { Known } from '../../known.js';
import type { TableReading } from '../../tables/memory.js';
import { isReplaced } from '../../tables/storage.js';
import { isOrderLost } from '../ordering.js';
import type { PlannedPoll } from '../plan.js';
import { refuseStalePlan } from '../stale-plan.js';
import { checkContinuity } from './continuity.js';
import { noReading, type ReadingOwn as Own, owedMsOf, type ReadingMemory, type ReadingRound } from './memory.js';

/** A row has many records: with as many as these, the pass over them ends no later than a whole scan of the rows. */
const RECORDS_PER_ROW = 100;
/** Of the time that is left in a poll, when nobody is suspected: rows have to be compared too. */
const ROLLED_SHARE = 0.5;

interface OwedRecheck {
  /** A pass that began before this does not count; 0 when none is due. */
  readonly since: number;
  /** A table is suspect: the pass goes on while there is time. Otherwise each round reads a part. */
  readonly isUrgent: boolean;
}

/** All old records are read again after a suspicion that they were changed, or a sign that they were, and in each new epoch. */
function owedRecheck({ tables, epoch }: Pick<Known, 'tables' | 'epoch'>, { touched }: Own): OwedRecheck {
  const suspected = Math.max(
    0,
    ...Object.values(tables).map(({ suspicion }) => (suspicion?.needsRecheck === true ? suspicion.newestAt : 0)),
  );
  const begun = epoch?.hasOldRecords === true ? epoch.startedAt : 0;
  return { since: Math.max(suspected, begun, touched?.at ?? 0), isUrgent: suspected > 0 };
}

/** Whether all old records were read again in a pass that began then or later. */
export function isRechecked({ recheck }: Pick<ReadingMemory, 'recheck'>, since: number): boolean {
  return recheck?.endedAt !== undefined && recheck.startedAt >= since;
}

/** New records are read first: until then it is not known how far the old ones reach. */
function isOwed({ known }: PlannedPoll, own: Own): boolean {
  const { progress, recheck, backlog } = own;
  // They are being read for the first time.
  if (backlog !== undefined) return false;
  const { since } = owedRecheck(known, own);
  const isBegun = recheck !== undefined && recheck.endedAt === undefined;
  return (progress?.caughtUpAt ?? 0) >= since && (isBegun || since > (recheck?.startedAt ?? 0));
}

/**
 * Reads the next part of the old records again.
 *
 * @returns undefined when that is not due, or when this poll has no time for it.
 */
export function goThroughAgain(poll: PlannedPoll, own: Own, round: ReadingRound): Promise<Outcome<Own>> | undefined {
  if (!isOwed(poll, own)) return undefined;
  const { since, isUrgent } = owedRecheck(poll.known, own);
  const isNew = round.again === undefined && since > (own.recheck?.startedAt ?? 0);
  const recheck = isNew ? { startedAt: poll.now(), lackingImages: {} } : own.recheck;
  const begunAt = performance.now();
  const again = round.again ?? {
    deadline: isUrgent ? poll.deadline : begunAt + (poll.deadline - begunAt) * ROLLED_SHARE,
    rows: isUrgent ? Number.POSITIVE_INFINITY : poll.trail.observe.replayRowsPerCycle * RECORDS_PER_ROW,
  };
  if (recheck === undefined || recheck.endedAt !== undefined) return undefined;
  if (again.rows <= 0 || begunAt >= again.deadline) return undefined;
  return readAgain(poll, { ...own, recheck }, recheck, { ...round, again }, again);
}

/**
 * Reads the whole history again, for continuity alone, when old records may have been changed: after a suspicion, and when a
 * new epoch begins, because no counter shows a record that was deleted between the last poll of the old counters and the
 * first of the new ones.
 */
async function readAgain(
  poll: PlannedPoll,
  own: Own,
  before: NonNullable<Own['recheck']>,
  round: ReadingRound,
  again: NonNullable<ReadingRound['again']>,
): Promise<Outcome<Own>> {
  const { sql, trail, plan, pace } = poll;
  const limit = Math.min(pace.windowRows, again.rows);
  const next = { ...round, again: { ...again, rows: again.rows - limit } };
  const page = await poll.read(async (session) => {
    const facts = await readFacts(session);
    const window = await nextWindow(session, sql, facts, before.watermark, {
      limit,
      marginMs: 0,
      below: BigInt(own.progress?.caughtUpTo ?? 0),
      owedMs: owedMsOf(trail),
    });
    if (window.isEmpty) return { window, found: undefined, isLost: false };
    const found = await checkContinuity(session, sql, facts, window, plan.continuity);
    await refuseStalePlan(poll, session, found.findings);
    const isLost = found.findings.length > 0 && (await isOrderLost(poll, session));
    return (await isReplaced(session, sql)) ? undefined : { window, found, isLost };
  });
  if (page === undefined) return { memory: { ...own, round: next }, isMore: true };
  const { window, found, isLost } = page;
  const lackingImages = { ...before.lackingImages };
  for (const [label, n] of found?.lackingImages ?? []) lackingImages[label] = (lackingImages[label] ?? 0) + n;
  const endedAt = window.caughtUp ? { endedAt: poll.now() } : {};
  const recheck = { watermark: window.next, startedAt: before.startedAt, lackingImages, ...endedAt };
  const memory: Own = { ...own, recheck, round: next };
  return {
    memory: window.caughtUp ? { ...memory, tables: withLacking(own.tables, lackingImages) } : memory,
    findings: isLost ? [] : (found?.findings ?? []),
    isOrderLost: isLost,
    isMore: true,
  };
}

/** The count never decreases: records that lacked an image and were deleted since are still a gap. */
function withLacking(tables: Own['tables'], found: Readonly<Record<string, number>>): Own['tables'] {
  const result: Record<string, TableReading> = { ...tables };
  for (const [label, n] of Object.entries(found)) {
    const table = result[label] ?? noReading;
    result[label] = { ...table, lackingImages: Math.max(table.lackingImages, n) };
  }
  return result;
}

import { readFacts } from '../../../database/facts.js';
import { modeOf, nextWindow, type RecordsWindow } from '../../../records/reader.js';
import type { TrailMetrics } from '../../../trail-metrics.js';
import { CannotCheck, type Check, type Outcome } from '../../check.js';
import { isReplaced } from '../../tables/storage.js';
import { unknown } from '../../verdict/evidence.js';
import type { PlannedPoll } from '../plan.js';
import { evidenceOf, tooFarBehind } from './evidence.js';
import { watermarkLag } from './lag.js';
import { listedActors } from './listed-actors.js';
import { type ReadingOwn as Own, owedMsOf, type ReadingRound, readingMemorySchema } from './memory.js';
import { goThroughAgain } from './recheck.js';
import { countWindow, type Measured, measureWindow, said } from './window.js';

type Result = Outcome<Own>;

/**
 * Reads new records window by window, each in a transaction of its own so that no snapshot is held for long. Then it reads
 * old records again where that is due. It judges its evidence only when all of this succeeded; otherwise a trail that cannot
 * be read would be "ok" for a moment in each poll.
 */
export const readingCheck: Check<Own, PlannedPoll> = {
  name: 'reading',
  evidence: ['records', 'continuity'],
  isExclusive: true,
  isLostWith: ({ kind }) => kind === 'connection',
  memory: readingMemorySchema.transform((own): Own => ({ ...own, tables: {} })),
  async run(poll, own) {
    if (poll.runs === 0 || own.round === undefined) return await begin(poll, own);
    const { round } = own;
    const hasRead = own.progress?.everCaughtUp === true;
    // What there was before we came is read at once: until then nothing at all is known.
    const isInTime = performance.now() < poll.deadline && (!poll.load.isSpent || !hasRead);
    if (round.isMore && isInTime) return await poll.load.spend(() => readNext(poll, own, round));
    return (await goThroughAgain(poll, own, round)) ?? end(poll, own, round);
  },
  fixes({ kind }, { trail, facts: { role } }) {
    if (kind !== 'privilege') return [];
    return [
      `GRANT SELECT ON ${trail.records?.table ?? ''} TO ${role}; with row-level security also ALTER ROLE ${role} BYPASSRLS`,
    ];
  },
};

async function begin(poll: PlannedPoll, own: Own): Promise<Result> {
  const { seconds, stall } = await poll.read(async (session) =>
    watermarkLag(session, await readFacts(session), own.stall, poll.now()),
  );
  const memory = { ...own, stall };
  const record = (metrics: TrailMetrics) => metrics.watermarkLag(seconds);
  // Other roles' transactions cannot be seen, so records that they commit late would never be read.
  if (modeOf(poll.sql) === 'overlap' && !poll.facts.readsAllStats) {
    const reason = 'the role cannot see when other transactions began, so it is unknown which records may still come';
    return { memory, record, error: new CannotCheck(reason, [`GRANT pg_read_all_stats TO ${poll.facts.role}`]) };
  }
  const { actors } = poll.trail.attribution;
  const listed = actors === undefined ? {} : await poll.read((session) => listedActors(session, actors));
  return { memory: { ...memory, round: { isMore: true, limitations: [], listed } }, record, isMore: true };
}

interface Page {
  readonly window: RecordsWindow;
  readonly limit: bigint;
  readonly measured: Measured | undefined;
}

async function readNext(poll: PlannedPoll, own: Own, round: ReadingRound): Promise<Result> {
  const { sql, trail, pace } = poll;
  const page = await poll.read(async (session): Promise<Page | undefined> => {
    const facts = await readFacts(session);
    const owedMs = owedMsOf(trail);
    const limit = owedMs === 0 ? facts.xmin : heldBack(poll, owedMs, facts.xmin);
    const window = await nextWindow(session, sql, facts, own.progress?.watermark, {
      limit: pace.windowRows,
      marginMs: pace.overlapMarginMs,
      below: limit,
      owedMs,
    });
    const measured = window.isEmpty ? undefined : await measureWindow(poll, own, session, facts, window);
    return (await isReplaced(session, sql)) ? undefined : { window, limit, measured };
  });
  if (page === undefined) return { memory: own, isMore: true };
  const { window, limit, measured } = page;
  const before = own.progress;
  const lastRead = window.lastRead ?? before?.lastRead;
  const counted = measured === undefined ? own : countWindow(poll, own, measured);
  const progress = {
    watermark: window.next,
    ...(lastRead === undefined ? {} : { lastRead: { ...lastRead } }),
    caughtUpAt: window.caughtUp ? poll.now() : (before?.caughtUpAt ?? 0),
    caughtUpTo: window.caughtUp ? limit.toString() : (before?.caughtUpTo ?? '0'),
    everCaughtUp: window.caughtUp || before?.everCaughtUp === true,
  };
  const withoutBeginning = measured?.continuity.withoutBeginning ?? 0;
  const limitations = withoutBeginning === 0 ? [] : [`${withoutBeginning} histories begin before the trail does`];
  const next = {
    ...round,
    isMore: !window.caughtUp,
    limitations: [...new Set([...round.limitations, ...limitations])],
  };
  const memory: Own = { ...counted, progress, round: next };
  return {
    memory: withLandmark(memory, pace.settleMs, poll.now()),
    isMore: true,
    ...(measured === undefined ? {} : said(poll, measured)),
  };
}

/** Remembers a record that was read and, after as long as an unflushed commit may be lost, cannot be gone after a crash. */
function withLandmark(own: Own, settleMs: number, now: number): Own {
  const { lastRead } = own.progress ?? {};
  if (lastRead === undefined) return own;
  const { candidate } = own.landmark ?? {};
  const next = { ...lastRead, at: now };
  if (candidate === undefined) return { ...own, landmark: { candidate: next } };
  if (now - candidate.at < settleMs) return own;
  return { ...own, landmark: { candidate: next, xid: candidate.xid, ord: candidate.ord } };
}

/** No transaction from here on is old enough for its records to be there. Nothing is read until a poll is that old. */
function heldBack({ known, now }: PlannedPoll, maxWriteLagMs: number, xmin: bigint): bigint {
  const past = known.looks.findLast(({ at }) => at <= now() - maxWriteLagMs);
  const xmax = BigInt(past?.xmax ?? 0);
  return xmax < xmin ? xmax : xmin;
}

function end(poll: PlannedPoll, own: Own, round: ReadingRound): Result {
  const blind = tooFarBehind(poll, own);
  const evidence =
    blind === undefined ? evidenceOf(poll, own, round) : { continuity: unknown(blind), records: unknown(blind) };
  return { memory: { ...own, blind, round: undefined }, evidence };
}

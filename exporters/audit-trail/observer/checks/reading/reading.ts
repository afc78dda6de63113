import type { Session } from '../../../../runtime/postgres/read-only.js';
import { type Facts, readFacts } from '../../../database/facts.js';
import { modeOf, nextWindow, type RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { TrailMetrics } from '../../../trail-metrics.js';
import { CannotCheck, type Check, type Outcome } from '../../check.js';
import type { LoadBudget } from '../../schedule/budget.js';
import { isReplaced } from '../../tables/storage.js';
import { unknown } from '../../verdict/evidence.js';
import type { PlannedPoll } from '../plan.js';
import { backlogOf, readBacklog } from './backlog.js';
import { evidenceOf, tooFarBehind } from './evidence.js';
import { watermarkLag } from './lag.js';
import { listedActors } from './listed-actors.js';
import { noReading, type ReadingOwn as Own, owedMsOf, type ReadingRound, readingMemorySchema } from './memory.js';
import { goThroughAgain } from './recheck.js';
import { touchedRecords } from './touched.js';
import { countWindow, type Measured, measureWindow, said, withLimitations } from './window.js';

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
    const isInTime = performance.now() < poll.deadline;
    // Of a trail that was never read, nothing is known yet: its first window is read whatever was spent.
    if (round.isMore && isInTime && own.progress === undefined) return await readNext(poll, own, round);
    if (round.isMore && isInTime && !paceOf(poll, own).isSpent)
      return await paceOf(poll, own).spend(() => readNext(poll, own, round));
    if (own.backlog !== undefined && isInTime && !poll.catchUp.isSpent)
      return await poll.catchUp.spend(() => readBacklog(poll, own, round));
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
  const { records, shape } = poll.sql;
  const { seconds, stall, touched, hasForeign } = await poll.read(async (session) => {
    const facts = await readFacts(session);
    const lag = await watermarkLag(session, facts, own.stall, poll.now());
    const touched = await touchedRecords(session, records, shape, own.touched, poll.now());
    return { ...lag, touched, hasForeign: await hasForeignRecords(session, poll.sql, facts) };
  });
  const tables = withKeys(own.tables, poll.plan.keys);
  const memory = { ...own, stall, tables, ...(touched === undefined ? {} : { touched }) };
  const record = (metrics: TrailMetrics) => metrics.watermarkLag(seconds);
  // Other roles' transactions cannot be seen, so records that they commit late would never be read.
  if (modeOf(poll.sql) === 'overlap' && !poll.facts.readsAllStats) {
    const reason = 'the role cannot see when other transactions began, so it is unknown which records may still come';
    return { memory, record, error: new CannotCheck(reason, [`GRANT pg_read_all_stats TO ${poll.facts.role}`]) };
  }
  const { actors } = poll.trail.attribution;
  const listed = actors === undefined ? {} : await poll.read((session) => listedActors(session, actors));
  return {
    memory: { ...memory, round: { isMore: true, limitations: hasForeign ? [FOREIGN] : [], listed } },
    record,
    isMore: true,
  };
}

function withKeys(tables: Own['tables'], found: PlannedPoll['plan']['keys']): Own['tables'] {
  const next = { ...tables };
  for (const [label, keys] of found) next[label] = { ...(tables[label] ?? noReading), keys };
  return next;
}

/** By time, new records cannot be told from those that were there; until all were read once, they are read at that pace. */
function paceOf({ load, catchUp }: PlannedPoll, { progress, backlog }: Own): LoadBudget {
  return progress?.everCaughtUp === true || backlog !== undefined ? load : catchUp;
}

const FOREIGN =
  'some records name transactions that this cluster has not begun: they were restored from another one, or forged, and their histories are not compared yet';

/** Their transactions are no order among those of this cluster, so they are not read before its counter has come as far. */
async function hasForeignRecords(session: Session, sql: RecordsSql, { xmax }: Facts): Promise<boolean> {
  if (sql.txidType === undefined) return false;
  const found = await session.query(
    `select 1 as there from ${sql.live} r where r.txid >= $1::${sql.txidType} limit 1`,
    [xmax.toString()],
  );
  return found.length > 0;
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
  const backlog = before === undefined ? backlogOf(window, limit, poll.now()) : own.backlog;
  const isSplit = before === undefined && backlog !== undefined;
  const progress = {
    // What is new from here on is read first, then what there was.
    watermark: isSplit ? { mode: 'xid8' as const, xid: limit.toString() } : window.next,
    ...(lastRead === undefined || isSplit ? {} : { lastRead: { ...lastRead } }),
    caughtUpAt: window.caughtUp ? poll.now() : (before?.caughtUpAt ?? 0),
    caughtUpTo: window.caughtUp ? limit.toString() : (before?.caughtUpTo ?? '0'),
    everCaughtUp: (window.caughtUp && backlog === undefined) || before?.everCaughtUp === true,
  };
  const next = { ...withLimitations(round, measured), isMore: !window.caughtUp };
  const { backlog: _, ...others } = counted;
  const memory: Own = { ...others, ...(backlog === undefined ? {} : { backlog }), progress, round: next };
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

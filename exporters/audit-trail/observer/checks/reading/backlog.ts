import { formatMs } from '../../../../runtime/format.js';
import { readFacts } from '../../../database/facts.js';
import { nextWindow, type RecordsWindow } from '../../../records/reader.js';
import type { Outcome } from '../../check.js';
import { isReplaced } from '../../tables/storage.js';
import type { PlannedPoll } from '../plan.js';
import { type ReadingOwn as Own, owedMsOf, type ReadingMemory, type ReadingRound } from './memory.js';
import { countWindow, measureWindow, said, withLimitations } from './window.js';

type Backlog = NonNullable<ReadingMemory['backlog']>;

/** What is left of a trail after its first window, when it is longer than that. */
export function backlogOf(window: RecordsWindow, below: bigint, now: number): Backlog | undefined {
  if (window.caughtUp || window.next.mode !== 'xid8') return undefined;
  return { watermark: window.next, fromXid: window.next.xid, below: below.toString(), startedAt: now };
}

/** The next window of what there was when reading began. Nothing is added to it, so it comes to an end. */
export async function readBacklog(poll: PlannedPoll, own: Own, round: ReadingRound): Promise<Outcome<Own>> {
  const { sql, trail, pace } = poll;
  const { backlog, ...rest } = own;
  if (backlog === undefined) return { memory: own };
  const page = await poll.read(async (session) => {
    const facts = await readFacts(session);
    const window = await nextWindow(session, sql, facts, backlog.watermark, {
      limit: pace.windowRows,
      marginMs: pace.overlapMarginMs,
      below: BigInt(backlog.below),
      owedMs: owedMsOf(trail),
    });
    const measured = window.isEmpty ? undefined : await measureWindow(poll, own, session, facts, window);
    return (await isReplaced(session, sql)) ? undefined : { window, measured };
  });
  if (page === undefined) return { memory: own, isMore: true };
  const { window, measured } = page;
  const counted = measured === undefined ? rest : countWindow(poll, rest, measured);
  const next = withLimitations(round, measured);
  const spoken = measured === undefined ? {} : said(poll, measured);
  if (!window.caughtUp)
    return {
      memory: { ...counted, backlog: { ...backlog, watermark: window.next }, round: next },
      isMore: true,
      ...spoken,
    };
  const { progress } = counted;
  const lastRead = progress?.lastRead ?? window.lastRead;
  const whole =
    progress === undefined
      ? {}
      : {
          progress: {
            ...progress,
            ...(lastRead === undefined ? {} : { lastRead: { ...lastRead } }),
            everCaughtUp: true,
          },
        };
  return { memory: { ...counted, ...whole, round: next }, isMore: true, ...spoken };
}

/** How far the first reading is, by transactions, and how long the rest takes at this pace. */
export function backlogText({ watermark, fromXid, below, startedAt }: Backlog, now: number): string {
  const begin = Number(fromXid);
  const whole = Number(below) - begin;
  const done = watermark.mode === 'xid8' && whole > 0 ? (Number(watermark.xid) - begin) / whole : 0;
  const share = `${Math.floor(Math.min(0.99, done) * 100)} %`;
  const spentMs = now - startedAt;
  if (done <= 0.01 || spentMs <= 0) return `the records that were there are read for the first time: ${share}`;
  const leftMs = (spentMs / done) * (1 - done);
  return `the records that were there are read for the first time: ${share}, about ${formatMs(leftMs)} to go at observe.catchUpLoad`;
}

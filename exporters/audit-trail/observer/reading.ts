import type { AuditTrail } from '../../../pack/index.js';
import { auditMetrics } from '../../../pack/metrics/index.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { type Facts, readFacts } from '../database/facts.js';
import { nextWindow, type Window } from '../records/reader.js';
import type { RecordsSql } from '../records/sql.js';
import { confirm } from './alarms.js';
import { checkAttribution } from './attribution.js';
import { type TrailContext, tableMemory } from './context.js';
import { checkContinuity } from './continuity.js';
import { setLandmark } from './history.js';
import { countDuplicates } from './identity.js';
import { noteIdentityBreak } from './identity-breaks.js';
import { writeLags } from './lag.js';
import { listedActors } from './listed-actors.js';
import type { TableMemory } from './memory.js';
import { isOrderLost } from './ordering.js';
import type { Plan } from './plan.js';
import { owedRecheck } from './recheck.js';
import { isReplaced } from './replaced.js';
import { checkTimes } from './time-sanity.js';
import { countRecords } from './volumes.js';

export interface Until {
  readonly signal: AbortSignal;
  /** Begin nothing new after this moment of the monotonic clock. */
  readonly softDeadline: number;
}

/**
 * Reads what is new, window by window, each in a transaction of its own so that no snapshot is held for long.
 *
 * @returns what continuity lacked in it.
 */
export async function readRecords(context: TrailContext, plan: Plan, until: Until): Promise<readonly string[]> {
  const { sql } = context;
  const lacks = new Set<string>();
  if (sql === undefined) return [];
  const { actors } = context.trail.attribution;
  const listed =
    actors === undefined
      ? {}
      : await context.turns.take(() => context.database.look(until.signal, (session) => listedActors(session, actors)));
  context.unlisted = listed.lack;
  const { budget } = context;
  // What there was before we came is read at once: until then nothing at all is known.
  const isInTime = () =>
    performance.now() < until.softDeadline && (!budget.isSpent || context.memory.reading?.everCaughtUp !== true);
  let isMore = true;
  while (isMore && isInTime()) {
    const look = () =>
      context.database.look(until.signal, async (session) => {
        const facts = await readFacts(session);
        const { memory, options, trail } = context;
        const owedMs = owedMsOf(trail);
        const limit = owedMs === 0 ? facts.xmin : heldBack(context, owedMs, facts.xmin);
        const window = await nextWindow(session, sql, facts, memory.reading?.watermark, {
          limit: options.windowRows,
          marginMs: options.overlapMarginMs,
          below: limit,
          owedMs,
        });
        const count = window.isEmpty
          ? undefined
          : await readWindow(context, plan, session, sql, facts, window, listed.query);
        if (await isReplaced(session, sql)) return true;
        for (const lack of count?.() ?? []) lacks.add(lack);
        const before = memory.reading;
        memory.reading = {
          watermark: window.next,
          ...(window.lastRead === undefined
            ? before?.lastRead === undefined
              ? {}
              : { lastRead: before.lastRead }
            : { lastRead: { ...window.lastRead } }),
          caughtUpAt: window.caughtUp ? options.now() : (before?.caughtUpAt ?? 0),
          caughtUpTo: window.caughtUp ? limit.toString() : (before?.caughtUpTo ?? '0'),
          everCaughtUp: window.caughtUp || before?.everCaughtUp === true,
        };
        setLandmark(memory, options.settleMs, options.now());
        return !window.caughtUp;
      });
    isMore = await context.turns.take(() => budget.spend(look));
  }
  if (isMore && budget.isSpent)
    lacks.add('new records are still to be read: more is written than observe.maxLoad lets it read');
  return [...lacks];
}

/**
 * Everything is measured first and only then counted: a query that fails must not leave half a window counted.
 *
 * @returns what counts it, and then says what continuity lacked.
 */
async function readWindow(
  context: TrailContext,
  plan: Plan,
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: Window,
  listed: string | undefined,
): Promise<() => readonly string[]> {
  const { trail, memory, metrics } = context;
  const volumes = await countRecords(session, sql, facts, window, BigInt(memory.epoch?.xmax ?? 0));
  noteNames(context, volumes);
  const continuity = await checkContinuity(session, sql, facts, window, plan.continuity);
  const attribution = await checkAttribution(session, sql, window, trail.attribution, listed);
  const times = await checkTimes(session, sql, facts, window, {
    earlier: earlierLook(context),
    skewSeconds: trail.observe.maxClockSkewMs / 1000,
    openSeconds:
      context.openSeconds + (trail.records?.maxWriteLagMs ?? 0) / 1000 + trail.observe.confirmIntervalMs / 1000,
  });
  const duplicates = await countDuplicates(session, sql, window);
  const lags =
    trail.records?.writtenBy === 'application'
      ? await writeLags(session, sql, facts, window, auditMetrics.writeLag.bounds ?? [])
      : [];
  const isBelieved = continuity.findings.length === 0 || !(await isOrderLost(context, session));

  return () => {
    for (const { table, op, n, since_epoch } of volumes) {
      if (op === 'TRUNCATE') memory.uncalled.truncates += since_epoch;
      if (op === 'SNAPSHOT') memory.uncalled.snapshots += since_epoch;
      const label = plan.continuity.get(table)?.table.label;
      if (label === undefined) continue;
      const own = tableMemory(context, label);
      if (op === 'SNAPSHOT') own.hadSnapshot = true;
      else {
        own.epochRecords += since_epoch;
        metrics.records(label, op, n);
        // In the transaction of its change, so at the same moment.
        if (trail.records?.writtenBy === 'trigger') metrics.writeLag(0, n);
      }
    }
    for (const { n, mean } of lags) metrics.writeLag(mean, n);
    metrics.attribution(attribution.actors, attribution.missing);
    metrics.times(times);
    noteIdentityBreak(context, 'duplicate', duplicates);
    if (isBelieved) for (const finding of continuity.findings) confirm(context, finding);
    for (const [label, n] of continuity.lackingImages) tableMemory(context, label).lackingImages += n;
    for (const [label, n] of continuity.ddl) {
      tableMemory(context, label).explanation = {
        reason: `${n} values changed their form with their column's definition`,
        at: context.options.now(),
      };
    }
    for (const { table, column, by } of continuity.redefined) noteRedefined(tableMemory(context, table), column, by);
    return [
      ...(continuity.withoutBeginning > 0
        ? [`${continuity.withoutBeginning} histories begin before the trail does`]
        : []),
    ];
  };
}

/** Newest last; beyond these, a column that is redefined ever again explains its oldest change no more. */
const MOST_REDEFINED = 20;

function noteRedefined(own: TableMemory, column: string, by: string): void {
  const known = own.redefined?.[column] ?? [];
  if (!known.includes(by)) own.redefined = { ...own.redefined, [column]: [...known, by].slice(-MOST_REDEFINED) };
}

function noteNames({ memory }: TrailContext, volumes: readonly { readonly table: string }[]): void {
  for (const { table } of volumes)
    if (!memory.recordNames.includes(table) && memory.recordNames.length < 20_000) memory.recordNames.push(table);
}

/** The newest look that lies before what is being read: the one before the watermark was last moved. */
function earlierLook({ memory }: TrailContext): { xmax: bigint; clock: number } | undefined {
  const from = memory.reading?.caughtUpAt ?? 0;
  const look = memory.looks.findLast(({ at }) => at <= from);
  return look === undefined ? undefined : { xmax: BigInt(look.xmax), clock: look.clock };
}

/** No transaction from here on is old enough for its records to be there. Nothing is read until a look is that old. */
function heldBack({ memory, options }: TrailContext, maxWriteLagMs: number, xmin: bigint): bigint {
  const look = memory.looks.findLast(({ at }) => at <= options.now() - maxWriteLagMs);
  const xmax = BigInt(look?.xmax ?? 0);
  return xmax < xmin ? xmax : xmin;
}

/** For how long an application may owe a record. */
function owedMsOf({ records }: AuditTrail): number {
  return records?.writtenBy === 'application' ? records.maxWriteLagMs : 0;
}

/** A row has many records: with as many as these, the pass over them ends no later than a whole sweep over the rows. */
const RECORDS_PER_ROW = 100;
/** Of the time that is left in a round, when nobody is suspected: rows have to be compared too. */
const ROLLED_SHARE = 0.5;

/**
 * Goes through the whole history again, for continuity alone: after old records may have been touched, reading only
 * what is new would never look at them. That may be where somebody is suspected, and wherever a new epoch begins, because
 * a record that went between the last look at the old counters and the first at the new ones is in no difference.
 */
export async function recheckRecords(context: TrailContext, plan: Plan, until: Until): Promise<void> {
  const { sql, memory, trail, options } = context;
  const { since, isUrgent } = owedRecheck(memory);
  // New records are read first: until then it is not known how far the old ones reach.
  if (sql === undefined || (memory.reading?.caughtUpAt ?? 0) < since) return;
  if (since > (memory.recheck?.startedAt ?? 0)) memory.recheck = { startedAt: options.now(), lackingImages: {} };
  const begunAt = performance.now();
  const deadline = isUrgent ? until.softDeadline : begunAt + (until.softDeadline - begunAt) * ROLLED_SHARE;
  let budget = isUrgent ? Number.POSITIVE_INFINITY : trail.observe.replayRowsPerCycle * RECORDS_PER_ROW;
  while (
    memory.recheck !== undefined &&
    memory.recheck.endedAt === undefined &&
    budget > 0 &&
    performance.now() < deadline
  ) {
    const before = memory.recheck;
    const limit = Math.min(options.windowRows, budget);
    budget -= limit;
    memory.recheck = await context.turns.take(() =>
      context.database.look(until.signal, async (session) => {
        const facts = await readFacts(session);
        const window = await nextWindow(session, sql, facts, before.watermark, {
          limit,
          marginMs: 0,
          below: BigInt(memory.reading?.caughtUpTo ?? 0),
          owedMs: owedMsOf(trail),
        });
        const lackingImages = { ...before.lackingImages };
        if (!window.isEmpty) {
          const found = await checkContinuity(session, sql, facts, window, plan.continuity);
          const isBelieved = found.findings.length === 0 || !(await isOrderLost(context, session));
          if (await isReplaced(session, sql)) return before;
          if (isBelieved) for (const finding of found.findings) confirm(context, finding);
          for (const [label, n] of found.lackingImages) lackingImages[label] = (lackingImages[label] ?? 0) + n;
        }
        const next = { watermark: window.next, startedAt: before.startedAt, lackingImages };
        return window.caughtUp ? { ...next, endedAt: context.options.now() } : next;
      }),
    );
    if (memory.recheck.endedAt !== undefined) keepLacking(context, memory.recheck.lackingImages);
  }
}

/** Those that were seen before are among them, unless they are gone: which mends nothing. */
function keepLacking(context: TrailContext, found: Readonly<Record<string, number>>): void {
  for (const [label, n] of Object.entries(found)) {
    const own = tableMemory(context, label);
    own.lackingImages = Math.max(own.lackingImages, n);
  }
}

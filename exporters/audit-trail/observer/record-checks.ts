/** The checks of the audit table as a whole, each in a look of its own; what they find is kept and shown here. */
import { readFacts } from '../database/facts.js';
import type { TrailContext } from './context.js';
import { checkExposure } from './exposure.js';
import { checkIdentity } from './identity.js';
import { noteIdentityBreak } from './identity-breaks.js';
import { watermarkLag } from './lag.js';
import { countUnreadable, exportHistory, exportNext } from './readability.js';
import { countReaders } from './readers.js';
import { isReplaced } from './replaced.js';
import { checkRetention } from './retention.js';

const LAG_HALF_LIFE = 0.5;
const none = { time: 0, image: 0 };

export async function lookAtLag(context: TrailContext, signal: AbortSignal): Promise<void> {
  await context.database.look(signal, async (session) => {
    const { seconds, stall } = await watermarkLag(
      session,
      await readFacts(session),
      context.stall,
      context.options.now(),
    );
    context.stall = stall;
    context.openSeconds = Math.max(seconds, context.openSeconds * LAG_HALF_LIFE);
    context.metrics.watermarkLag(seconds);
  });
}

export async function lookAtIdentity(context: TrailContext, signal: AbortSignal): Promise<void> {
  const { sql, memory } = context;
  if (sql === undefined) return;
  const before = memory.identity;
  const result = await context.database.look(signal, (session) =>
    checkIdentity(
      session,
      sql,
      memory.epoch?.startedAt ?? 0,
      before === undefined ? undefined : { ...before, highest: before.highest, given: before.given },
    ),
  );
  if (result === undefined) return;
  const { highest, given, epoch } = result.next;
  memory.identity = {
    epoch,
    ...(highest === undefined ? {} : { highest }),
    ...(given === undefined ? {} : { given }),
  };
  if (result.beyondSequence) noteIdentityBreak(context, 'beyond_sequence', 1);
  if (result.regressed) {
    noteIdentityBreak(context, 'regressed', 1);
    memory.orderLost ??= { at: context.options.now() };
  }
}

export async function lookAtRetention(context: TrailContext, signal: AbortSignal): Promise<void> {
  const { sql, memory, trail } = context;
  if (sql === undefined) return;
  const result = await context.database.look(signal, async (session) => {
    const found = await checkRetention(
      session,
      sql,
      trail.retention,
      memory.firstToKeep,
      context.disposals,
      context.options.now() / 1000,
    );
    return (await isReplaced(session, sql)) ? undefined : found;
  });
  if (result === undefined) return;
  context.retention = result;
  if (result.firstToKeep === undefined) delete memory.firstToKeep;
  else {
    const { ord, at, txid } = result.firstToKeep;
    memory.firstToKeep = { ord, at, ...(txid == null ? {} : { txid }) };
  }
  showRetention(context, result);
}

export function showRetention(
  { metrics }: TrailContext,
  { oldest, disposedEarly, partitionGaps }: NonNullable<TrailContext['retention']>,
): void {
  metrics.retention(oldest, { disposed_early: disposedEarly ? 1 : 0, partition_gap: partitionGaps });
}

export async function lookAtExposure(context: TrailContext, signal: AbortSignal): Promise<void> {
  const audited =
    context.seen?.tables.flatMap(({ relation, leaves }) => [relation.oid, ...leaves.map(({ oid }) => oid)]) ?? [];
  const shape = context.sql?.shape;
  const records = shape === undefined ? [] : [shape.oid, ...shape.leaves, ...shape.archiveLeaves];
  context.exposure = await context.database.look(signal, (session) => checkExposure(session, audited, records));
  context.metrics.exposure(context.exposure.counts);
  if (records.length > 0)
    context.metrics.readers(await context.database.look(signal, (session) => countReaders(session, records)));
}

/** Pages per round: a day covers three million small records, at the pace of the pack. */
const PAGES = 4;

/** The next pages of the pass over all records; a pass that ended gives way to the next, in the next round. */
export async function lookAtReadability(context: TrailContext, signal: AbortSignal): Promise<void> {
  for (let page = 0; page < PAGES; page += 1) if (await readPage(context, page === 0, signal)) return;
}

/** @returns whether it was the last page. */
async function readPage(context: TrailContext, withHistory: boolean, signal: AbortSignal): Promise<boolean> {
  const { sql, memory, metrics } = context;
  if (sql === undefined) return true;
  const { after, afterId, found, before, endedAt } = memory.readability ?? { found: none, before: none, endedAt: 0 };
  const from = after === undefined ? undefined : { ord: after, id: afterId };
  const { page, more } = await context.heavy.look(signal, async (session) => {
    const page = await exportNext(session, sql, from);
    return { page, more: withHistory ? await exportHistory(session, sql, page.records) : 0 };
  });
  const unreadable = await countUnreadable(page.records);
  const sum = { time: found.time + unreadable.time, image: found.image + unreadable.image };
  const { next } = page;
  memory.readability =
    next === undefined
      ? { found: none, before: sum, endedAt: context.options.now() }
      : { after: next.ord, ...(next.id === undefined ? {} : { afterId: next.id }), found: sum, before, endedAt };
  metrics.exported(page.records.length + more);
  showReadability(context);
  return next === undefined;
}

/** Of the last whole pass, and what the one under way found already where that is more. */
export function showReadability({ memory, metrics }: TrailContext): void {
  if (memory.readability === undefined) return;
  const { found, before, endedAt } = memory.readability;
  const worst = { time: Math.max(found.time, before.time), image: Math.max(found.image, before.image) };
  metrics.readable(worst, endedAt);
}

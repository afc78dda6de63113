import type { EvidenceSource } from '../../../../../pack/audit-trail/metrics.js';
import { formatMs } from '../../../../runtime/format.js';
import { type Evidence, judged, type Limitation, unknown } from '../../verdict/evidence.js';
import { unexplainedSoFar } from '../../verdict/judged.js';
import { orderLostText } from '../ordering.js';
import type { PlannedPoll } from '../plan.js';
import { backlogText } from './backlog.js';
import type { ReadingOwn as Own, ReadingRound } from './memory.js';

type Judged = Readonly<Partial<Record<EvidenceSource, Evidence>>>;

/** The evidence of a reading that succeeded. */
export function evidenceOf(poll: PlannedPoll, own: Own, round: ReadingRound): Judged {
  const { sql, known, load } = poll;
  const withoutImage = Object.values(own.tables).reduce((sum, { lackingImages }) => sum + lackingImages, 0);
  const disorder = orderLostText(known, sql);
  const limitations = [
    ...(sql.hasImages ? [] : ['records hold no row images, so changed values cannot be seen']),
    ...(withoutImage > 0 ? [`${withoutImage} records lack the image that they should have`] : []),
    ...round.limitations,
    ...(own.backlog === undefined ? [] : [backlogText(own.backlog, poll.now())]),
    ...(round.isMore && load.isSpent
      ? ['new records are still to be read: more is written than observe.maxLoad lets it read']
      : []),
  ].map((reason) => ({ reason, fixes: [] }));
  return {
    continuity:
      disorder === undefined ? judged('each image is compared with the one before', limitations) : unknown(disorder),
    records: judged('read up to the oldest running transaction', recordLimitations(poll, own, round)),
  };
}

/** Earlier proof says nothing about later records; too far behind means unknown. */
export function tooFarBehind({ now, trail }: PlannedPoll, { progress }: Own): string | undefined {
  if (progress?.everCaughtUp !== true) return undefined;
  const behindMs = now() - progress.caughtUpAt;
  return behindMs <= trail.observe.resolveWithinMs
    ? undefined
    : `new records have not been read to the end for ${formatMs(behindMs)}: more is written than observe.maxLoad and the time between two checks let it read`;
}

function recordLimitations({ sql, known }: PlannedPoll, { touched }: Own, { listed }: ReadingRound): Limitation[] {
  const limitations: Limitation[] = listed.limitation === undefined ? [] : [listed.limitation];
  if (sql.shape.unlogged)
    limitations.push({
      reason: 'the audit table is UNLOGGED: a crash empties it',
      fixes: [`ALTER TABLE ${sql.records.table} SET LOGGED`],
    });
  if (sql.txidType === undefined)
    limitations.push({
      reason: 'no transaction column: a time range is read again, which is less certain',
      fixes: [
        'ALTER TABLE … ADD COLUMN xact_id xid8 DEFAULT pg_current_xact_id(), with an index on (xact_id, id), and name it under columns.transaction',
      ],
    });
  const { foreignAt } = known.checks.storage;
  if (foreignAt !== undefined)
    limitations.push({
      reason: `a subscription wrote rows and records until ${new Date(foreignAt).toISOString()}: a change that was undone before then left nothing here`,
      fixes: ['compare the rows with those of the server they came from, then declare a baseline of the whole trail'],
    });
  // Also while it is looked into: no exact check can find an innocent reason.
  const mutated = (unexplainedSoFar(known.checks.counters).records_mutated ?? 0) + (touched?.open ?? 0);
  if (mutated > 0)
    limitations.push({
      reason: `${mutated} audit records were updated or deleted, and no baseline of the whole trail was declared since`,
      fixes: [],
    });
  return limitations;
}

/**
 * What the exact checks have to say of their own sources: judged when they went through, never before. Said any sooner,
 * a trail that cannot be read would be "ok" for a moment in each round.
 */

import { formatMs } from '../../runtime/format.js';
import { failureOf } from '../../runtime/postgres/failure.js';
import type { Facts } from '../database/facts.js';
import type { RecordsSql } from '../records/sql.js';
import type { TrailContext } from './context.js';
import { identityLacks, type Lack } from './evidence.js';
import { judgedSoFar } from './judged.js';
import { lookFailed } from './look-failed.js';
import { orderLostText } from './ordering.js';
import { sweepFailed } from './sweeping.js';

/** @param found what continuity lacked in what was just read. */
export function judgeReading(context: TrailContext, sql: RecordsSql, found: readonly string[]): void {
  const { evidence, memory } = context;
  context.readingTrouble = tooFarBehind(context);
  if (context.readingTrouble !== undefined) {
    for (const source of ['continuity', 'records'] as const) evidence.unknown(source, context.readingTrouble);
    return;
  }
  const lacking = Object.values(memory.tables).reduce((sum, { lackingImages }) => sum + lackingImages, 0);
  const disorder = orderLostText(context);
  if (disorder === undefined) {
    const lacks = [
      ...(sql.hasImages ? [] : ['records hold no row images, so changed values cannot be seen']),
      ...(lacking > 0 ? [`${lacking} records lack the image that they should have`] : []),
      ...found,
    ];
    evidence.judge(
      'continuity',
      'each image is compared with the one before',
      lacks.map((reason) => ({ reason, remedies: [] })),
    );
  } else evidence.unknown('continuity', disorder);
  evidence.judge('records', 'read up to the oldest running transaction', recordLacks(context, sql));
}

/** What was proven before says nothing of what was written since, and nobody can wait for ever. */
function tooFarBehind({ memory, options, trail }: TrailContext): string | undefined {
  const { reading } = memory;
  if (reading?.everCaughtUp !== true) return undefined;
  const behindMs = options.now() - reading.caughtUpAt;
  return behindMs <= trail.observe.resolveWithinMs
    ? undefined
    : `new records have not been read to the end for ${formatMs(behindMs)}: more is written than observe.maxLoad and the time between two checks let it read`;
}

function recordLacks({ memory, unlisted }: TrailContext, sql: RecordsSql): Lack[] {
  const lacks: Lack[] = unlisted === undefined ? [] : [unlisted];
  if (sql.shape.unlogged)
    lacks.push({
      reason: 'the audit table is UNLOGGED: a crash empties it',
      remedies: [`ALTER TABLE ${sql.records.table} SET LOGGED`],
    });
  if (sql.txidType === undefined)
    lacks.push({
      reason: 'no transaction column: a time range is read again, which is less certain',
      remedies: [
        'ALTER TABLE … ADD COLUMN xact_id xid8 DEFAULT pg_current_xact_id(), with an index on (xact_id, id), and name it under columns.transaction',
      ],
    });
  const mutated = judgedSoFar(memory).records_mutated ?? 0;
  if (mutated > 0)
    lacks.push({
      reason: `${mutated} audit records were updated or deleted, and no baseline of the whole trail was declared since`,
      remedies: [],
    });
  return lacks;
}

export function judgeReplay({ evidence, obstacles, sweepTroubles, sql }: TrailContext, isBehind: boolean): void {
  const reasons = [
    ...(isBehind ? ['the standby is behind the primary; rows are compared when it has caught up'] : []),
    ...(sql?.hasImages === false ? ['records hold no row images, so only whether a row is there is compared'] : []),
    ...new Set([...obstacles.values(), ...[...sweepTroubles.values()].map(({ reason }) => reason)]),
  ];
  const remedies = [...new Set([...sweepTroubles.values()].flatMap((trouble) => trouble.remedies))];
  evidence.judge(
    'replay',
    'rows are compared with their last records',
    reasons.length === 0 ? [] : [{ reason: reasons.slice(0, 5).join('; '), remedies }],
  );
}

/** Of system and timeline, at each quick look; and of ids, which a close one looks at. */
export function judgeIdentity({ evidence, identityTrouble }: TrailContext, facts: Facts): void {
  if (identityTrouble !== undefined) evidence.failed('identity', identityTrouble);
  else evidence.judge('identity', 'system identifier and timeline are known', identityLacks(facts));
}

/** Where records are read by time, what may still come depends on the oldest open transaction, whoever's it is. */
export class TransactionsHidden extends Error {
  override readonly name = 'TransactionsHidden';

  constructor() {
    super('the role cannot see when other transactions began, so it is unknown which records may still come');
  }
}

export function readingFailed(context: TrailContext, error: unknown): void {
  if (error instanceof TransactionsHidden) {
    const remedies = [`GRANT pg_read_all_stats TO ${context.seen?.facts.role ?? 'the observer'}`];
    context.readingTrouble = error.message;
    context.evidence.unknown('records', error.message, remedies);
    context.evidence.unknown('continuity', error.message, remedies);
    return;
  }
  const failure = failureOf(error);
  if (failure.kind === 'connection') {
    lookFailed(context, error);
    return;
  }
  const { role = 'the observer' } = context.seen?.facts ?? {};
  const remedies =
    failure.kind === 'privilege'
      ? [
          `GRANT SELECT ON ${context.trail.records?.table ?? ''} TO ${role}; with row-level security also ALTER ROLE ${role} BYPASSRLS`,
        ]
      : [];
  context.readingTrouble = failure.reason;
  context.evidence.failed('records', failure, remedies);
  context.evidence.failed('continuity', failure, remedies);
  context.log.warn('records cannot be checked', { error });
  // The description of the audit table may be what is out of date.
  context.shapeReadAt = 0;
}

export function comparingFailed(context: TrailContext, error: unknown): void {
  if (failureOf(error).kind === 'connection' && context.heavy === context.database) lookFailed(context, error);
  else sweepFailed(context, error);
  context.log.warn('rows cannot be compared', { error });
}

export function noRecords(context: TrailContext): void {
  for (const source of ['continuity', 'replay'] as const)
    context.evidence.unknown(source, context.recordsTrouble ?? 'no audit records');
}

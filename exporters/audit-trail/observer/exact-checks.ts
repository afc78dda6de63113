import { failureOf } from '../../runtime/postgres/failure.js';
import type { CheckName } from '../metrics.js';
import { modeOf } from '../records/reader.js';
import type { RecordsSql } from '../records/sql.js';
import type { Witness } from '../witness/index.js';
import type { TrailContext } from './context.js';
import { ifSlow } from './evidence.js';
import { comparingFailed, judgeReading, judgeReplay, readingFailed, TransactionsHidden } from './judging-evidence.js';
import { makePlan, type Plan } from './plan.js';
import { readRecords, recheckRecords, type Until } from './reading.js';
import { lookAtIdentity, lookAtLag, lookAtReadability, lookAtRetention } from './record-checks.js';
import { sweepTables } from './sweeping.js';
import { consultWitness, witnessUnknown } from './witnessing.js';

/** Runs a check and says when it ended and what it took; by default a failure means that nothing can be seen. */
export type Timed = (check: CheckName, work: () => Promise<void>, onError?: (error: unknown) => void) => Promise<void>;

/** Reads what is new, then compares rows with it, then looks at the audit table as a whole: in this order. */
export async function checkExactly(
  context: TrailContext,
  sql: RecordsSql,
  witness: Witness | undefined,
  timed: Timed,
  until: Until,
): Promise<void> {
  const { evidence, log } = context;
  const planned = () =>
    context.turns.take(() => context.database.look(until.signal, (session) => makePlan(context, session, sql)));
  const plan = await planned().catch((error: unknown) => {
    readingFailed(context, error);
    comparingFailed(context, error);
    if (witness !== undefined) witnessUnknown(context, `not asked: ${failureOf(error).reason}`);
  });
  if (plan !== undefined) await readAndCompare(context, sql, plan, planned, witness, timed, until);
  if (context.lost !== undefined) return;
  await timed(
    'identity',
    async () => {
      await lookAtIdentity(context, until.signal);
      context.identityTrouble = undefined;
    },
    (error) => {
      context.identityTrouble = failureOf(error);
      evidence.failed('identity', context.identityTrouble);
    },
  );
  await timed(
    'retention',
    () => lookAtRetention(context, until.signal),
    (error) => log.warn('retention cannot be checked', { error }),
  );
  await timed(
    'readability',
    () => lookAtReadability(context, until.signal),
    (error) => log.warn('records cannot be exported', { error }),
  );
}

async function readAndCompare(
  context: TrailContext,
  sql: RecordsSql,
  plan: Plan,
  planned: () => Promise<Plan>,
  witness: Witness | undefined,
  timed: Timed,
  until: Until,
): Promise<void> {
  if (witness !== undefined)
    await timed(
      'witness',
      () => consultWitness(context, witness, until.signal),
      (error) => witnessUnknown(context, failureOf(error).reason, ifSlow(failureOf(error))),
    );
  await timed(
    'reading',
    () => read(context, sql, plan, until),
    (error) => readingFailed(context, error),
  );
  if (context.lost !== undefined) return;
  // Names and snapshots that were just read change what there is to compare.
  const next = await planned().catch(() => plan);
  await timed(
    'replay',
    () => compare(context, next, until),
    (error) => comparingFailed(context, error),
  );
}

async function read(context: TrailContext, sql: RecordsSql, plan: Plan, until: Until): Promise<void> {
  await lookAtLag(context, until.signal);
  // Of other roles' transactions nothing would be seen, and what they commit late would never be read.
  if (modeOf(sql) === 'overlap' && context.seen?.facts.readsAllStats !== true) throw new TransactionsHidden();
  const lacks = await readRecords(context, plan, until);
  await recheckRecords(context, plan, until);
  judgeReading(context, sql, lacks);
}

async function compare(context: TrailContext, plan: Plan, until: Until): Promise<void> {
  const outcome = await sweepTables(context, plan, until);
  context.replayTrouble = undefined;
  judgeReplay(context, outcome === 'behind');
}

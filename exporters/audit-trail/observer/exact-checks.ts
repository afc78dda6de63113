import { failureOf } from '../../runtime/postgres/failure.js';
import type { Check, RecordsPoll } from './check.js';
import { comparisons } from './checks/comparisons.js';
import { exposure } from './checks/exposure/exposure.js';
import { fullScan } from './checks/full-scan/full-scan.js';
import { identity } from './checks/identity.js';
import { makePlan, type Plan } from './checks/plan.js';
import { readability } from './checks/readability.js';
import { reading } from './checks/reading/reading.js';
import { retention } from './checks/retention.js';
import type { WitnessMemory } from './checks/witness/witness.js';
import type { LoopState } from './loop-state.js';
import { checkFailed, notRun, pollOf, runCheck, type Until } from './run-check.js';
import { readingSlot, replaySlot, slotOf } from './slots.js';

export type WitnessCheck = Check<WitnessMemory, RecordsPoll>;

/** Whatever is due of the exact checks, in the order in which one goes on from the other. */
export async function checkExactly(context: LoopState, witness: WitnessCheck | undefined, until: Until): Promise<void> {
  await checkRecords(context, witness, until);
  const { lost, seen, trail } = context;
  if (lost !== undefined || seen === undefined) return;
  const poll = pollOf(context, seen, until);
  await runCheck(context, slotOf(context, 'exposure'), exposure, poll);
  if (trail.comparisons.length > 0) await runCheck(context, slotOf(context, 'comparisons'), comparisons, poll);
}

/** Reads what is new, then compares rows with it, then looks at the audit table as a whole. */
async function checkRecords(context: LoopState, witness: WitnessCheck | undefined, until: Until): Promise<void> {
  const { lost, seen, sql, whyNoRecords = 'no audit records' } = context;
  if (lost !== undefined || seen === undefined || sql === undefined) {
    if (witness !== undefined) notRun(context, witness, `not asked: ${lost ?? whyNoRecords}`);
    // While the database is lost, that is said of all of them already; of reading, why there is no description.
    if (lost === undefined)
      for (const source of ['continuity', 'replay'] as const) context.evidence.unknown(source, whyNoRecords);
    return;
  }
  const poll = { ...pollOf(context, seen, until), sql };
  await readAndCompare(context, witness, poll);
  if (context.lost !== undefined) return;
  await runCheck(context, slotOf(context, 'identity'), identity, poll);
  await runCheck(context, slotOf(context, 'retention'), retention, poll);
  await runCheck(context, slotOf(context, 'readability'), readability, poll);
}

async function readAndCompare(context: LoopState, witness: WitnessCheck | undefined, poll: RecordsPoll): Promise<void> {
  let plan: Plan;
  try {
    plan = await planned(context, poll);
  } catch (error) {
    checkFailed(context, reading, poll, error);
    checkFailed(context, fullScan, poll, error);
    // It counts each transaction once, so it is asked only when there will be something to compare with.
    if (witness !== undefined) notRun(context, witness, `not asked: ${failureOf(error).reason}`);
    return;
  }
  if (witness !== undefined) await runCheck(context, slotOf(context, 'witness'), witness, poll);
  await runCheck(context, readingSlot(context), reading, { ...poll, plan });
  if (context.lost !== undefined) return;
  // Names and snapshots that were just read change what there is to compare.
  const next = await planned(context, poll).catch(() => plan);
  await runCheck(context, replaySlot(context), fullScan, { ...poll, plan: next });
}

function planned(context: LoopState, poll: RecordsPoll): Promise<Plan> {
  return context.turns.take(async () => {
    const plan = await poll.read((session) => makePlan(poll, session));
    context.obstacles = plan.obstacles;
    return plan;
  });
}

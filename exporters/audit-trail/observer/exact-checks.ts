import { failureOf } from '../../runtime/postgres/failure.js';
import type { Check, RecordsPoll } from './check.js';
import { comparisonsCheck } from './checks/comparisons.js';
import { exposureCheck } from './checks/exposure/exposure.js';
import { fullScanCheck } from './checks/full-scan/full-scan.js';
import { identityCheck } from './checks/identity.js';
import { makePlan, type Plan } from './checks/plan.js';
import { readabilityCheck } from './checks/readability.js';
import { readingCheck } from './checks/reading/reading.js';
import { retentionCheck } from './checks/retention.js';
import type { WitnessMemory } from './checks/witness/witness.js';
import type { Loop, Until } from './loop.js';
import { readingSlot, replaySlot, slotOf } from './slots.js';
import { unknown } from './verdict/evidence.js';

export type WitnessCheck = Check<WitnessMemory, RecordsPoll>;

/** Runs the exact checks that are due, in the order in which they depend on one another. */
export async function checkExactly(loop: Loop, witness: WitnessCheck | undefined, until: Until): Promise<void> {
  await checkRecords(loop, witness, until);
  const { lost, seen, trail } = loop.state;
  if (lost !== undefined || seen === undefined) return;
  const poll = loop.poll(seen, until);
  await loop.run(slotOf('exposure'), exposureCheck, poll);
  if (trail.comparisons.length > 0) await loop.run(slotOf('comparisons'), comparisonsCheck, poll);
}

/** Reads what is new, then compares rows with it, then checks the audit table as a whole. */
async function checkRecords(loop: Loop, witness: WitnessCheck | undefined, until: Until): Promise<void> {
  const { lost, seen, sql, whyNoRecords = 'no audit records' } = loop.state;
  if (lost !== undefined || seen === undefined || sql === undefined) {
    if (witness !== undefined) loop.notRun(witness, `not asked: ${lost ?? whyNoRecords}`);
    // While the database is lost, all evidence says so already. Otherwise reading has no description of the audit table.
    if (lost === undefined)
      loop.change(({ evidence, ...state }) => ({
        ...state,
        evidence: evidence.with('continuity', unknown(whyNoRecords)).with('replay', unknown(whyNoRecords)),
      }));
    return;
  }
  const poll = { ...loop.poll(seen, until), sql };
  await readAndCompare(loop, witness, poll);
  if (loop.state.lost !== undefined) return;
  await loop.run(slotOf('identity'), identityCheck, poll);
  await loop.run(slotOf('retention'), retentionCheck, poll);
  await loop.run(slotOf('readability'), readabilityCheck, poll);
}

async function readAndCompare(loop: Loop, witness: WitnessCheck | undefined, poll: RecordsPoll): Promise<void> {
  let plan: Plan;
  try {
    plan = await planned(loop, poll);
  } catch (error) {
    loop.failed(readingCheck, poll, error);
    loop.failed(fullScanCheck, poll, error);
    // The witness counts each transaction once, so it is asked only when its counts can be compared.
    if (witness !== undefined) loop.notRun(witness, `not asked: ${failureOf(error).reason}`);
    return;
  }
  if (witness !== undefined) await loop.run(slotOf('witness'), witness, poll);
  await loop.run(readingSlot, readingCheck, { ...poll, plan });
  if (loop.state.lost !== undefined) return;
  // Names and snapshots that were just read change what there is to compare.
  const next = await planned(loop, poll).catch(() => plan);
  await loop.run(replaySlot, fullScanCheck, { ...poll, plan: next });
}

function planned(loop: Loop, poll: RecordsPoll): Promise<Plan> {
  return loop.turns.take(async () => {
    const known = loop.state.memory;
    const plan = await poll.read((session) =>
      makePlan({ ...poll, known }, session, () => ({ known: loop.state.memory, disposals: loop.state.disposals })),
    );
    loop.change((state) => ({ ...state, obstacles: plan.obstacles }));
    return plan;
  });
}

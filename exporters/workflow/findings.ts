import { formatMs } from '../runtime/format.js';
import type { SectionFinding } from '../runtime/landing/section.js';
import type { History } from './history.js';
import { type Job, workflowJobName } from './plan.js';
import type { PortalLoad } from './protocol.js';
import { type RunResult, whatHappened } from './result.js';

/** After this many turns without a run the state of a workflow is unknown. */
const STALE_AFTER_TURNS = 3;
/** A workflow that failed within this time needs attention, even if it meets its SLA again. */
const RECENT_MS = 10 * 60_000;

/** The state of a workflow, from its newest runs. */
export function workflowFinding({ workflow, portal }: Job, history: History, nowMs: number): SectionFinding {
  const what = workflowJobName(workflow.name, portal.name);
  const result = history.last(workflow.name, portal.name)?.result;
  if (result === undefined) return { what, state: 'unknown', why: 'not yet run' };
  // An old miss does not show that the workflow is fine now.
  if (isStale(result, workflow.schedule, nowMs))
    return { what, state: 'unknown', why: `its last run ended ${formatMs(ageMs(result, nowMs))} ago` };
  if (result.verdict === 'missed') return { what, state: 'attention', why: whatHappened(result) };
  if (result.verdict === 'uncertain') return { what, state: 'unknown', why: `uncertain: ${whatHappened(result)}` };
  const before = history.failures.find(
    (kept) =>
      kept.result.workflow === workflow.name &&
      kept.result.portal === portal.name &&
      kept.result.verdict === 'missed' &&
      nowMs - kept.result.endedAtSeconds * 1000 < RECENT_MS,
  );
  if (before === undefined) return { what, state: 'fine' };
  const agoMs = nowMs - before.result.endedAtSeconds * 1000;
  return { what, state: 'attention', why: `met now, missed ${formatMs(agoMs)} ago: ${whatHappened(before.result)}` };
}

/**
 * The state of a portal, from the newest runs on it. One successful run is evidence that it works, even if slowly; its
 * workflows have their own findings.
 *
 * @param jobs the jobs of this portal.
 * @param pulse undefined until the measuring thread has reported on the portal.
 */
export function portalFinding(
  name: string,
  pulse: PortalLoad | undefined,
  jobs: readonly Job[],
  history: History,
  nowMs: number,
): SectionFinding {
  const attention = (why: string): SectionFinding => ({ what: name, state: 'attention', why });
  const unknown = (why: string): SectionFinding => ({ what: name, state: 'unknown', why });
  if (pulse === undefined) return unknown('the measuring thread has not reported on it yet');
  const { open, tlsProblem } = pulse;
  if (tlsProblem !== undefined) return attention(tlsProblem);
  if (open > 0) return attention(`${open} ${open === 1 ? 'request is' : 'requests are'} open beyond the deadline`);
  const newest = jobs.flatMap(({ workflow, portal }) => {
    const result = history.last(workflow.name, portal.name)?.result;
    return result === undefined || isStale(result, workflow.schedule, nowMs) ? [] : [result];
  });
  if (newest.some(({ success }) => success)) return { what: name, state: 'fine' };
  const failed = newest.find(({ verdict }) => verdict === 'missed');
  if (failed !== undefined) return attention(`no workflow succeeded in its last run: ${whatHappened(failed)}`);
  const [uncertain] = newest;
  return unknown(uncertain === undefined ? 'no workflow was run lately' : `uncertain: ${whatHappened(uncertain)}`);
}

function ageMs({ endedAtSeconds }: RunResult, nowMs: number): number {
  return nowMs - endedAtSeconds * 1000;
}

function isStale(result: RunResult, { intervalMs, timeoutMs }: Job['workflow']['schedule'], nowMs: number): boolean {
  return ageMs(result, nowMs) > STALE_AFTER_TURNS * intervalMs + timeoutMs;
}

import { formatMs } from '../runtime/format.js';
import type { SectionFinding } from '../runtime/landing/section.js';
import type { History } from './history.js';
import { type Job, workflowJobName } from './plan.js';
import type { PortalLoad } from './protocol.js';
import { type RunResult, whatHappened } from './result.js';

/** After so many turns without a run nobody knows how a workflow is. */
const STALE_AFTER_TURNS = 3;
/** A workflow that failed within this time is looked at, although it met its SLA again. */
const RECENT_MS = 10 * 60_000;

/** What the newest runs of a workflow prove. */
export function workflowFinding({ workflow, portal }: Job, history: History, nowMs: number): SectionFinding {
  const what = workflowJobName(workflow.name, portal.name);
  const result = history.last(workflow.name, portal.name)?.result;
  if (result === undefined) return { what, state: 'unknown', why: 'not yet run' };
  // A miss that is old is still no sign of health.
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
 * What the newest runs on a portal prove of it. One that went well is evidence that it serves, however slowly; its
 * workflows have findings of their own.
 *
 * @param jobs those of this portal.
 * @param pulse undefined until the measuring thread has told of the portal.
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
  if (pulse === undefined) return unknown('the measuring thread has not told of it yet');
  const { open, tlsProblem } = pulse;
  if (tlsProblem !== undefined) return attention(tlsProblem);
  if (open > 0) return attention(`${open} ${open === 1 ? 'request is' : 'requests are'} open beyond the deadline`);
  const newest = jobs.flatMap(({ workflow, portal }) => {
    const result = history.last(workflow.name, portal.name)?.result;
    return result === undefined || isStale(result, workflow.schedule, nowMs) ? [] : [result];
  });
  if (newest.some(({ success }) => success)) return { what: name, state: 'fine' };
  const failed = newest.find(({ verdict }) => verdict === 'missed');
  if (failed !== undefined) return attention(`no workflow went well in its last run: ${whatHappened(failed)}`);
  const [uncertain] = newest;
  return unknown(uncertain === undefined ? 'no workflow was run lately' : `uncertain: ${whatHappened(uncertain)}`);
}

function ageMs({ endedAtSeconds }: RunResult, nowMs: number): number {
  return nowMs - endedAtSeconds * 1000;
}

function isStale(result: RunResult, { intervalMs, timeoutMs }: Job['workflow']['schedule'], nowMs: number): boolean {
  return ageMs(result, nowMs) > STALE_AFTER_TURNS * intervalMs + timeoutMs;
}

import { formatMs } from '../runtime/format.js';
import type { Finding } from '../runtime/landing/section.js';
import type { History } from './history.js';
import { type Job, jobName } from './plan.js';
import type { PortalState } from './protocol.js';
import { whatHappened } from './result.js';

/** After so many turns without a run nobody knows how a workflow is. */
const STALE_AFTER_TURNS = 3;
/** A workflow that failed within this time is looked at, although it met its SLA again. */
const RECENT_MS = 10 * 60_000;

/** What the newest runs of a workflow prove. */
export function workflowFinding({ workflow, portal }: Job, history: History, nowMs: number): Finding {
  const what = jobName(workflow.name, portal.name);
  const result = history.last(workflow.name, portal.name)?.result;
  if (result === undefined) return { what, state: 'unknown', why: 'not yet run' };
  const { intervalMs, timeoutMs } = workflow.schedule;
  const ageMs = nowMs - result.endedAtSeconds * 1000;
  // A miss that is old is still no sign of health.
  if (ageMs > STALE_AFTER_TURNS * intervalMs + timeoutMs)
    return { what, state: 'unknown', why: `its last run ended ${formatMs(ageMs)} ago` };
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

/** `pulse` is undefined until the measuring thread has told of the portal. */
export function portalFinding(name: string, pulse: PortalState | undefined): Finding {
  if (pulse === undefined) return { what: name, state: 'unknown', why: 'the measuring thread has not told of it yet' };
  const { open, tlsTrouble } = pulse;
  if (tlsTrouble !== undefined) return { what: name, state: 'attention', why: tlsTrouble };
  if (open === 0) return { what: name, state: 'fine' };
  return {
    what: name,
    state: 'attention',
    why: `${open} ${open === 1 ? 'request is' : 'requests are'} open beyond the deadline`,
  };
}

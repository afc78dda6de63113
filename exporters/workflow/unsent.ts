import type { FailureReason, UncertainReason } from '../../pack/portal/outcomes.js';
import type { Job } from './plan.js';
import type { RunResult, RunTrigger, StepResult } from './result.js';

/** Why a due run sent nothing and still counts as missed: the portal did not serve the exporter. */
export type UnsentReason = Extract<FailureReason, 'unanswered' | 'retry-after'>;

/** A run that counts as missed without having run. @param stepName the step that was not served. */
export function unsentRun(
  job: Job,
  trigger: RunTrigger,
  stepName: string | undefined,
  reason: UnsentReason,
  detail: string,
): RunResult {
  return notMade(job, trigger, stepName, { reason, detail });
}

/** A due run that did not run because of a fault of the exporter: neither met nor missed. */
export function unmadeRun(
  job: Job,
  trigger: RunTrigger,
  detail: string,
  { fault, stepName }: { readonly fault: UncertainReason; readonly stepName?: string } = { fault: 'internal' },
): RunResult {
  return {
    ...notMade(job, trigger, stepName, { reason: 'exporter', fault, detail }),
    verdict: 'uncertain',
    uncertain: fault,
  };
}

function notMade(
  { workflow, portal }: Job,
  trigger: RunTrigger,
  stepName: string | undefined,
  failure: Pick<StepResult, 'reason' | 'fault'> & { readonly detail: string },
): RunResult {
  const named = workflow.steps.find(({ name }) => name === stepName) ?? workflow.steps[0];
  return {
    workflow: workflow.name,
    portal: portal.name,
    trigger,
    endedAtSeconds: Date.now() / 1000,
    durationSeconds: 0,
    slaSeconds: workflow.slaSeconds,
    success: false,
    verdict: 'missed',
    tainted: false,
    latenessMs: 0,
    steps: workflow.steps.map((step): StepResult => {
      const nothing = { offsetMs: 0, durationMs: 0, phases: {}, retries: 0, facts: {}, addresses: [] };
      const sent = { name: step.name, kind: step.kind, ...nothing };
      return step === named
        ? { ...sent, outcome: 'failed', ...failure }
        : { ...sent, outcome: 'skipped', reason: 'skipped' };
    }),
    logins: [],
    log: [{ atMs: 0, message: `not sent: ${failure.detail}` }],
  };
}

/** Whether the run did not run at all, so that it has no duration. */
export function isUnsent({ steps }: RunResult): boolean {
  const failed = steps.find(({ outcome }) => outcome === 'failed');
  const isRefused = failed?.reason === 'unanswered' || failed?.reason === 'retry-after';
  return isRefused && steps.every(({ phases }) => Object.keys(phases).length === 0);
}

/** Whether a fault of the exporter prevented the run. */
export function isUnmade({ uncertain, steps }: RunResult): boolean {
  return uncertain !== undefined && steps.every(({ phases }) => Object.keys(phases).length === 0);
}

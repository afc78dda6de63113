import type { Job } from '../../../exporters/workflow/plan.js';
import type { RunResult, StepResult } from '../../../exporters/workflow/result.js';

/** A run that met its SLA; a test says what was otherwise. */
export function result(job: Job, over: Partial<RunResult> = {}): RunResult {
  const { workflow, portal } = job;
  return {
    workflow: workflow.name,
    portal: portal.name,
    trigger: 'schedule',
    endedAtSeconds: 1_700_000_000,
    durationSeconds: 0.25,
    slaSeconds: workflow.slaSeconds,
    success: true,
    verdict: 'met',
    tainted: false,
    latenessMs: 0,
    steps: workflow.steps.map(({ name }) => stepResult({ name, durationMs: 250 / workflow.steps.length })),
    logins: [],
    log: [],
    ...over,
  };
}

export function stepResult(over: Partial<StepResult> = {}): StepResult {
  return {
    name: 'look',
    kind: 'http',
    outcome: 'ok',
    offsetMs: 0,
    durationMs: 250,
    phases: { dns: 1, connect: 2, tls: 3, send: 0.5, wait: 200, receive: 43.5 },
    retries: 0,
    addresses: [],
    facts: { status: 200 },
    ...over,
  };
}

export function skippedStep(name: string): StepResult {
  return stepResult({ name, outcome: 'skipped', reason: 'skipped', durationMs: 0, phases: {}, facts: {} });
}

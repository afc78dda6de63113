import { performance } from 'node:perf_hooks';
import type { Portal, Text } from '../../pack/index.js';
import type { FailureReason, UncertainReason } from '../../pack/portal/outcomes.js';
import { SecretUnavailable } from '../../pack/secrets/secret.js';
import type { Step, Workflow } from '../../pack/workflow/model.js';
import { formatMs } from '../runtime/format.js';
import type { Cancellation } from '../runtime/measuring/cancellation.js';
import type { LoopWatch } from '../runtime/measuring/loop-watch.js';
import { addPhases, PhaseClock, type PhaseTimes } from '../runtime/measuring/phase-clock.js';
import type { Credentials } from '../runtime/portal/auth/credentials.js';
import type { Grant } from '../runtime/portal/auth/grant.js';
import { DEFAULT_IDENTITY } from '../runtime/portal/auth/session.js';
import { Deadline } from '../runtime/portal/deadline.js';
import type { Connections } from '../runtime/portal/http/connections.js';
import type { AddressTry } from '../runtime/portal/http/dial.js';
import { AskedToWait, type LoginResult, OurFault, StepFailure } from '../runtime/portal/step-failure.js';
import type { Redactor } from '../runtime/redactor.js';
import type { RunLogLine, RunResult, RunTrigger, RunVerdict, StepResult } from './result.js';
import { runStep } from './steps/index.js';
import type { Judging, StepOutcome } from './steps/step.js';

export interface Journey {
  readonly workflow: Workflow;
  readonly portal: Portal;
  readonly credentials: Credentials;
  readonly connections: Connections;
  readonly loopWatch: LoopWatch;
  readonly judging: Judging;
  readonly redactor: Redactor;
  readonly trigger: RunTrigger;
  /** A tighter time limit than the workflow's own, such as that of a scrape. */
  readonly signal: Cancellation;
}

/**
 * A sample counts as disturbed if the event loop was late by more than this, and by more than this share of the SLA.
 */
const TAINT_FLOOR_MS = 25;
const TAINT_SLA_RATIO = 0.02;

/** Runs the steps one after another and judges the complete run. Never rejects because of what a portal does. */
export async function runJourney(journey: Journey): Promise<RunResult> {
  return new Run(journey).perform();
}

class Run {
  readonly #journey: Journey;
  readonly #startedAt = performance.now();
  readonly #variables: Map<string, Text>;
  readonly #steps: StepResult[] = [];
  readonly #logins: LoginResult[] = [];
  readonly #log: RunLogLine[] = [];
  /** The portal's time. */
  #elapsedMs = 0;
  /** Including attempts that failed because of a fault of the exporter. */
  #spentMs = 0;
  #latenessMs = 0;

  constructor(journey: Journey) {
    this.#journey = journey;
    this.#variables = new Map(Object.entries(journey.portal.variables));
  }

  async perform(): Promise<RunResult> {
    const { workflow, portal, trigger } = this.#journey;
    let failed = false;
    for (const step of workflow.steps) {
      const result: StepResult = failed ? skipped(step, this.#elapsedMs) : await this.#perform(step);
      this.#steps.push(result);
      failed ||= result.outcome === 'failed';
    }
    const durationSeconds = this.#elapsedMs / 1000;
    const tainted = this.#latenessMs > Math.max(TAINT_FLOOR_MS, workflow.slaSeconds * 1000 * TAINT_SLA_RATIO);
    return {
      workflow: workflow.name,
      portal: portal.name,
      trigger,
      endedAtSeconds: Date.now() / 1000,
      durationSeconds,
      slaSeconds: workflow.slaSeconds,
      success: !failed,
      ...judge(this.#steps, durationSeconds, workflow.slaSeconds, tainted ? this.#latenessMs : 0),
      tainted,
      latenessMs: this.#latenessMs,
      steps: this.#steps,
      logins: this.#logins,
      log: this.#log,
    };
  }

  get #remainingMs(): number {
    return this.#journey.workflow.schedule.timeoutMs - this.#spentMs;
  }

  async #perform(step: Step): Promise<StepResult> {
    const offsetMs = this.#elapsedMs;
    let phases: PhaseTimes = {};
    let retries = 0;
    const addresses: AddressTry[] = [];
    for (;;) {
      const tried = await this.#attempt(step);
      const { outcome, clock } = tried;
      addresses.push(...outcome.addresses);
      this.#spentMs += clock.totalMs;
      const failure = this.#blame(tried) ?? overBudget(step, clock.totalMs);
      // The time of a failed attempt that was the exporter's fault does not count as the portal's time.
      if (!(failure instanceof OurFault)) {
        this.#elapsedMs += clock.totalMs;
        phases = addPhases(phases, clock.phases);
      }
      if (failure !== undefined) this.#note(`${step.name} failed: ${failure.reason}: ${failure.message}`);
      const { retryAfterMs } = outcome;
      if (failure !== undefined && retryAfterMs === undefined && retries < step.retries && this.#mayTryAgain(failure)) {
        retries += 1;
        this.#note(`${step.name}: try ${retries + 1} of ${step.retries + 1}`);
        continue;
      }
      for (const [name, value] of outcome.extracted) this.#variables.set(name, value);
      const { facts, certificateExpirySeconds, otherCertificateExpirySeconds } = outcome;
      return {
        name: step.name,
        kind: step.kind,
        offsetMs,
        durationMs: this.#elapsedMs - offsetMs,
        phases,
        retries,
        facts,
        ...(certificateExpirySeconds === undefined ? {} : { certificateExpirySeconds }),
        ...(otherCertificateExpirySeconds === undefined ? {} : { otherCertificateExpirySeconds }),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        addresses,
        ...(failure === undefined
          ? { outcome: 'ok' }
          : {
              outcome: 'failed',
              reason: failure.reason,
              ...(failure instanceof OurFault ? { fault: failure.fault } : {}),
              detail: this.#journey.redactor.redact(failure.message),
            }),
      };
    }
  }

  /** If the portal's own time exceeds the SLA, the run has missed it, even if the exporter also had a fault. */
  #blame({ outcome, clock, limit }: Tried): StepFailure | undefined {
    const { failure } = outcome;
    const isUsedUp = this.#elapsedMs + clock.totalMs > this.#journey.workflow.slaSeconds * 1000;
    if (failure === undefined || limit === undefined || isUsedUp) return failure;
    return asFailure(limit.blame(failure));
  }

  /** No retry after a time-out: the portal may still process the abandoned request, and another one adds load. */
  #mayTryAgain(failure: StepFailure): boolean {
    return failure.reason !== 'timeout' && this.#remainingMs > 0 && !this.#journey.signal.aborted;
  }

  /**
   * One attempt. If the session is refused, it logs in again once; the refused attempt does not count as the step's
   * time.
   */
  async #attempt(step: Step): Promise<Tried> {
    const { credentials, workflow } = this.#journey;
    const first = await this.#try(step);
    const { refusal } = first.outcome;
    if (refusal === undefined) return first;
    const asker = `${workflow.name}/${step.name}`;
    if (first.grant === undefined || !credentials.renew(first.grant, asker)) return this.#refused(first, refusal);
    this.#note(`${step.name}: the portal no longer accepts the session (${refusal}); logging in again`);
    const second = await this.#try(step);
    const again = second.outcome.refusal;
    credentials.learn(asker, again === undefined);
    return again === undefined ? second : this.#refused(second, again);
  }

  #refused(tried: Tried, sign: string): Tried {
    const message = this.#journey.workflow.authenticated
      ? `the portal does not accept the credentials (${sign})`
      : `the portal asks for credentials (${sign}), which a workflow without authenticated: true does not send`;
    return { ...tried, outcome: { ...tried.outcome, failure: new StepFailure('auth', message) } };
  }

  async #try(step: Step): Promise<Tried> {
    const { credentials, portal, connections, loopWatch, judging } = this.#journey;
    const clock = new PhaseClock(loopWatch);
    let limit: Deadline | undefined;
    let grant: Grant | undefined;
    try {
      grant = await this.#prepareCredentials();
      limit = this.#limit(step, clock);
      const outcome = await runStep(step, {
        portal,
        variables: this.#variables,
        credentials,
        connections,
        clock,
        judging,
        signal: limit,
        log: (message) => this.#note(`${step.name}: ${message}`),
      });
      return { outcome, clock, grant, limit };
    } catch (error) {
      return {
        outcome: {
          facts: {},
          addresses: [],
          extracted: new Map(),
          failure: asFailure(error),
          ...(error instanceof AskedToWait ? { retryAfterMs: error.retryAfterMs } : {}),
        },
        clock,
        grant,
        limit,
      };
    } finally {
      limit?.clear();
      clock.end();
      this.#latenessMs += clock.latenessMs;
    }
  }

  /** The remaining time of the run, or the step's own limit. Logins have their own limit. */
  #limit(step: Step, clock: PhaseClock): Deadline {
    const { workflow, signal } = this.#journey;
    const remainingMs = this.#remainingMs;
    const oursMs = () => clock.oursMs;
    if (step.timeoutMs !== undefined && step.timeoutMs < remainingMs)
      return new Deadline(step.timeoutMs, signal, { oursMs });
    const message = () => `the run had not ended after ${formatMs(workflow.schedule.timeoutMs)}`;
    return new Deadline(Math.max(0, remainingMs), signal, { message, oursMs });
  }

  async #prepareCredentials(): Promise<Grant> {
    const { credentials, signal } = this.#journey;
    try {
      return await credentials.prepare(signal);
    } finally {
      for (const login of credentials.takeLogins()) {
        this.#logins.push(login);
        const detail = login.detail === undefined ? '' : `: ${login.detail}`;
        const who = login.identity === DEFAULT_IDENTITY ? '' : ` as ${login.identity}`;
        this.#note(`${login.action}${who}: ${login.outcome}, ${formatMs(login.durationMs)}, outside the SLA${detail}`);
      }
    }
  }

  #note(message: string): void {
    this.#log.push({ atMs: performance.now() - this.#startedAt, message: this.#journey.redactor.redact(message) });
  }
}

interface Tried {
  readonly outcome: StepOutcome;
  readonly clock: PhaseClock;
  /** The credentials with which it was sent. */
  readonly grant: Grant | undefined;
  /** Undefined if it was not started. */
  readonly limit: Deadline | undefined;
}

/** A fault of the exporter must be visible as a failed step. */
function asFailure(error: unknown): StepFailure {
  if (error instanceof StepFailure) return error;
  if (error instanceof SecretUnavailable) return new OurFault('secret', error.message, { cause: error });
  return new OurFault('internal', `unexpected: ${String(error)}`, { cause: error });
}

function skipped(step: Step, offsetMs: number): StepResult {
  return {
    name: step.name,
    kind: step.kind,
    outcome: 'skipped',
    reason: 'skipped',
    offsetMs,
    durationMs: 0,
    phases: {},
    retries: 0,
    addresses: [],
    facts: {},
  };
}

function overBudget(step: Step, durationMs: number): StepFailure | undefined {
  if (step.budgetMs === undefined || durationMs <= step.budgetMs) return undefined;
  return new StepFailure('budget', `took ${formatMs(durationMs)} of a budget of ${formatMs(step.budgetMs)}`);
}

/** Failures that a late event loop can cause by itself. */
const timeReasons: ReadonlySet<FailureReason> = new Set(['timeout', 'budget']);

interface Judgement {
  readonly verdict: RunVerdict;
  readonly uncertain?: UncertainReason;
}

/**
 * Lateness only adds time: a run that was in time has met its SLA, and a run whose excess is larger than the lateness
 * has missed it. A run that had exceeded its SLA before a fault of the exporter has missed it too.
 */
function judge(steps: readonly StepResult[], durationSeconds: number, slaSeconds: number, addedMs: number): Judgement {
  const failure = steps.find((step) => step.outcome === 'failed');
  if (failure === undefined && durationSeconds <= slaSeconds) return { verdict: 'met' };
  const isLateForSure = durationSeconds - addedMs / 1000 > slaSeconds;
  if (failure?.fault !== undefined && !isLateForSure) return { verdict: 'uncertain', uncertain: failure.fault };
  const timeDecided = failure === undefined || (failure.reason !== undefined && timeReasons.has(failure.reason));
  return timeDecided && addedMs > 0 && !isLateForSure
    ? { verdict: 'uncertain', uncertain: 'event-loop' }
    : { verdict: 'missed' };
}

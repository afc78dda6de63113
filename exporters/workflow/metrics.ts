import type { Portal } from '../../pack/index.js';
import { reserveOf } from '../../pack/portal/in-flight.js';
import { failureReasons, stepPhases, uncertainReasons } from '../../pack/portal/outcomes.js';
import { connectOutcomes, dropReasons, runDurationBounds, workflowMetrics } from '../../pack/workflow/metrics.js';
import type { Family, MetricStore } from '../runtime/metrics/index.js';
import { DEFAULT_IDENTITY } from '../runtime/portal/auth/session.js';
import { type Job, workflowJobName } from './plan.js';
import type { EngineReport, PortalLoad } from './protocol.js';
import type { RunResult, StepResult } from './result.js';
import { isUnmade, isUnsent } from './unsent.js';

/** Converts results into the metric families of the workflow exporter. */
export class WorkflowMetrics {
  readonly #store: MetricStore;
  readonly #m: ReturnType<typeof create>;
  #jobs = new Map<string, Job>();

  /** @param store separate from the exporter's own, because measurements leave the page while nothing is measured. */
  constructor(store: MetricStore) {
    this.#store = store;
    this.#m = create(store);
  }

  /** Creates every series of these jobs at once, and removes those of removed jobs. */
  configure(jobs: readonly Job[]): void {
    const bounds = boundsFor(jobs);
    for (const histogram of [this.#m.runDuration, this.#m.stepDuration, this.#m.loginDuration])
      histogram.rebound(bounds);
    const next = new Map(jobs.map((job) => [workflowJobName(job.workflow.name, job.portal.name), job]));
    for (const [name, job] of this.#jobs) if (!next.has(name)) this.#forget(job);
    const portals = new Set(jobs.map((job) => job.portal.name));
    for (const { portal } of this.#jobs.values()) if (!portals.has(portal.name)) this.#forgetPortal(portal.name);
    for (const [name, job] of next) this.#show(job, this.#jobs.get(name));
    this.#jobs = next;
  }

  families(): Family[] {
    return this.#store.families();
  }

  record(result: RunResult): void {
    const labels = { portal: result.portal, workflow: result.workflow };
    if (!this.#jobs.has(workflowJobName(result.workflow, result.portal))) return;
    for (const login of result.logins) {
      const user = { portal: login.portal, identity: login.identity };
      if (login.action === 'logout') {
        this.#m.logouts.inc({ ...user, outcome: login.outcome });
        continue;
      }
      this.#m.logins.inc({ ...user, outcome: login.outcome });
      for (const outcome of loginFailures)
        this.#m.loginFailing.set({ ...user, outcome }, login.outcome === outcome ? 1 : 0);
      this.#m.loginDuration.observe({ portal: login.portal }, login.durationMs / 1000);
    }
    if (result.trigger !== 'schedule') return;
    if (result.tainted) this.#m.runsTainted.inc(labels);
    if (result.verdict === 'uncertain')
      this.#m.runsUncertain.inc({ ...labels, reason: result.uncertain ?? 'internal' });
    else this.#m.runs.inc({ ...labels, sla: result.verdict });
    // A run that a fault of the exporter cut short would look like a fast run.
    if (!result.tainted && result.verdict !== 'uncertain' && hasDuration(result))
      this.#m.runDuration.observe(labels, result.durationSeconds);
    for (const step of result.steps) this.#recordStep(result, step);
    this.#m.lastRun.set(labels, result.endedAtSeconds);
    if (result.success) this.#m.lastSuccess.set(labels, result.endedAtSeconds);
    this.#m.lastRunSuccess.set(labels, result.success ? 1 : 0);
    if (isUnsent(result)) this.#m.turnsUnanswered.inc(labels);
    // Nothing was measured: the value of an earlier run would look like that of this run.
    if (isUnsent(result) || isUnmade(result)) this.#m.lastRunDuration.remove(labels);
    else this.#m.lastRunDuration.set(labels, result.durationSeconds);
  }

  recordDrop({ portal, workflow, reason, count }: Extract<EngineReport, { type: 'dropped' }>): void {
    if (this.#jobs.has(workflowJobName(workflow, portal))) this.#m.runsDropped.inc({ portal, workflow, reason }, count);
  }

  recordState(portals: readonly PortalLoad[]): void {
    const known = new Set([...this.#jobs.values()].map((job) => job.portal.name));
    for (const { portal, running, tlsProblem, open } of portals) {
      // A report may have been in transit when its portal was removed.
      if (!known.has(portal)) continue;
      this.#m.runsInProgress.set({ portal }, running);
      this.#m.tlsFilesStale.set({ portal }, tlsProblem === undefined ? 0 : 1);
      this.#m.requestsOpen.set({ portal }, open);
    }
  }

  #recordStep(result: RunResult, step: StepResult): void {
    const labels = { portal: result.portal, workflow: result.workflow, step: step.name };
    if (step.reason !== undefined) this.#m.stepFailures.inc({ ...labels, reason: step.reason });
    this.#m.stepRetries.inc(labels, step.retries);
    // A step that sent nothing has no phases: those of an earlier run would look like those of this run.
    if (Object.keys(step.phases).length === 0) this.#m.stepPhase.remove(labels);
    else for (const phase of stepPhases) this.#m.stepPhase.set({ ...labels, phase }, (step.phases[phase] ?? 0) / 1000);
    if (step.certificateExpirySeconds !== undefined)
      this.#m.certificateExpiry.set(labels, step.certificateExpirySeconds);
    if (step.otherCertificateExpirySeconds !== undefined)
      this.#m.otherCertificateExpiry.set(labels, step.otherCertificateExpirySeconds);
    // Removed when the server no longer sends them.
    else if (step.certificateExpirySeconds !== undefined) this.#m.otherCertificateExpiry.remove(labels);
    for (const { outcome } of step.addresses) this.#m.connectAttempts.inc({ portal: result.portal, outcome });
    if (wasMeasured(step) && !result.tainted) this.#m.stepDuration.observe(labels, step.durationMs / 1000);
  }

  #show({ workflow, portal }: Job, before: Job | undefined): void {
    const labels = { portal: portal.name, workflow: workflow.name };
    this.#m.info.remove(labels);
    this.#m.info.set(
      { ...labels, title: workflow.title, team: workflow.team, tier: workflow.tier, connection: workflow.connection },
      1,
    );
    this.#m.slaTarget.set(labels, workflow.slaSeconds);
    this.#m.scheduleInterval.set(labels, workflow.schedule.intervalMs / 1000);
    for (const sla of ['met', 'missed'] as const) this.#m.runs.zero({ ...labels, sla });
    this.#m.turnsUnanswered.zero(labels);
    this.#m.runDuration.zero(labels);
    this.#m.runsTainted.zero(labels);
    for (const reason of uncertainReasons) this.#m.runsUncertain.zero({ ...labels, reason });
    for (const reason of dropReasons) this.#m.runsDropped.zero({ ...labels, reason });
    for (const gauge of [this.#m.lastRun, this.#m.lastSuccess, this.#m.lastRunSuccess]) gauge.zero(labels);
    const steps = new Set(workflow.steps.map((step) => step.name));
    for (const old of before?.workflow.steps ?? [])
      if (!steps.has(old.name)) this.#forgetStep({ ...labels, step: old.name });
    for (const step of steps) {
      for (const reason of failureReasons) this.#m.stepFailures.zero({ ...labels, step, reason });
      this.#m.stepDuration.zero({ ...labels, step });
      this.#m.stepRetries.zero({ ...labels, step });
    }
    for (const user of usersOf(portal)) this.#showUser(portal.name, user);
    this.#m.loginDuration.zero({ portal: portal.name });
    for (const outcome of connectOutcomes) this.#m.connectAttempts.zero({ portal: portal.name, outcome });
    this.#m.tlsFilesStale.zero({ portal: portal.name });
    this.#m.runsInProgress.zero({ portal: portal.name });
    this.#m.requestsOpen.zero({ portal: portal.name });
    const { maxInFlight } = portal.limits;
    this.#m.requestsOpenLimit.set({ portal: portal.name }, maxInFlight - reserveOf(maxInFlight));
  }

  #showUser(portal: string, { identity, logsOut }: User): void {
    for (const outcome of ['success', ...loginFailures] as const) this.#m.logins.zero({ portal, identity, outcome });
    for (const outcome of loginFailures) this.#m.loginFailing.zero({ portal, identity, outcome });
    if (!logsOut) return;
    for (const outcome of ['success', 'failed'] as const) this.#m.logouts.zero({ portal, identity, outcome });
  }

  setObjective(job: Job, targetRatio: number): void {
    this.#m.slaObjective.set({ portal: job.portal.name, workflow: job.workflow.name }, targetRatio);
  }

  #forget({ workflow, portal }: Job): void {
    const labels = { portal: portal.name, workflow: workflow.name };
    const m = this.#m;
    for (const handle of [
      m.info,
      m.slaTarget,
      m.slaObjective,
      m.scheduleInterval,
      m.runs,
      m.runDuration,
      m.stepDuration,
    ])
      handle.remove(labels);
    for (const handle of [m.stepPhase, m.stepFailures, m.stepRetries, m.certificateExpiry, m.otherCertificateExpiry])
      handle.remove(labels);
    for (const handle of [m.lastRun, m.lastSuccess, m.lastRunSuccess, m.lastRunDuration]) handle.remove(labels);
    for (const handle of [m.turnsUnanswered, m.runsTainted, m.runsUncertain, m.runsDropped]) handle.remove(labels);
  }

  #forgetStep(labels: { portal: string; workflow: string; step: string }): void {
    const m = this.#m;
    for (const handle of [
      m.stepDuration,
      m.stepPhase,
      m.stepFailures,
      m.stepRetries,
      m.certificateExpiry,
      m.otherCertificateExpiry,
    ])
      handle.remove(labels);
  }

  #forgetPortal(portal: string): void {
    const m = this.#m;
    for (const handle of [
      m.logins,
      m.loginFailing,
      m.logouts,
      m.loginDuration,
      m.connectAttempts,
      m.tlsFilesStale,
      m.runsInProgress,
      m.requestsOpen,
      m.requestsOpenLimit,
    ])
      handle.remove({ portal });
  }
}

function create(store: MetricStore) {
  const m = workflowMetrics;
  return {
    info: store.gauge(m.info),
    slaTarget: store.gauge(m.slaTarget),
    slaObjective: store.gauge(m.slaObjective),
    scheduleInterval: store.gauge(m.scheduleInterval),
    runs: store.counter(m.runs),
    turnsUnanswered: store.counter(m.turnsUnanswered),
    runDuration: store.histogram(m.runDuration),
    stepDuration: store.histogram(m.stepDuration),
    stepPhase: store.gauge(m.stepPhase),
    stepFailures: store.counter(m.stepFailures),
    stepRetries: store.counter(m.stepRetries),
    certificateExpiry: store.gauge(m.certificateExpiry),
    otherCertificateExpiry: store.gauge(m.otherCertificateExpiry),
    connectAttempts: store.counter(m.connectAttempts),
    tlsFilesStale: store.gauge(m.tlsFilesStale),
    lastRun: store.gauge(m.lastRun),
    lastSuccess: store.gauge(m.lastSuccess),
    lastRunSuccess: store.gauge(m.lastRunSuccess),
    lastRunDuration: store.gauge(m.lastRunDuration),
    runsTainted: store.counter(m.runsTainted),
    runsUncertain: store.counter(m.runsUncertain),
    runsDropped: store.counter(m.runsDropped),
    loginDuration: store.histogram(m.loginDuration),
    logins: store.counter(m.logins),
    loginFailing: store.gauge(m.loginFailing),
    logouts: store.counter(m.logouts),
    runsInProgress: store.gauge(m.runsInProgress),
    requestsOpen: store.gauge(m.requestsOpen),
    requestsOpenLimit: store.gauge(m.requestsOpenLimit),
  };
}

const loginFailures = ['refused', 'failed'] as const;

/** The common bounds and one bound exactly at each SLA: the share of runs in time is then exact, not interpolated. */
function boundsFor(jobs: readonly Job[]): number[] {
  return [...new Set([...runDurationBounds, ...jobs.map((job) => job.workflow.slaSeconds)])].sort((a, b) => a - b);
}

/** A run that failed before anything was sent has no duration worth counting. */
function hasDuration(result: RunResult): boolean {
  return result.steps.some(wasMeasured);
}

function wasMeasured(step: StepResult): boolean {
  return Object.keys(step.phases).length > 0;
}

interface User {
  readonly identity: string;
  readonly logsOut: boolean;
}

/** The users that may log in to a portal: its `auth`, and its identities. */
function usersOf({ auth, identities }: Portal): User[] {
  return [[DEFAULT_IDENTITY, auth] as const, ...Object.entries(identities)].map(([identity, described]) => ({
    identity,
    logsOut: 'logout' in described && described.logout !== undefined && described.logout !== false,
  }));
}

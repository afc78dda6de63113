import { performance } from 'node:perf_hooks';
import type { Portal } from '../../pack/index.js';
import type { DropReason } from '../../pack/workflow/metrics.js';
import { formatMs } from '../runtime/format.js';
import { abortable } from '../runtime/measuring/abortable.js';
import { AtWork, markOf } from '../runtime/measuring/at-work.js';
import { type Cancellation, Canceller } from '../runtime/measuring/cancellation.js';
import { LoopWatch } from '../runtime/measuring/loop-watch.js';
import { anonymous } from '../runtime/portal/auth/credentials.js';
import { Sessions } from '../runtime/portal/auth/sessions.js';
import { Deadline } from '../runtime/portal/deadline.js';
import { Connections } from '../runtime/portal/http/connections.js';
import { tlsProblem } from '../runtime/portal/http/target.js';
import { StepFailure } from '../runtime/portal/step-failure.js';
import type { Redactor } from '../runtime/redactor.js';
import { type Admission, ConcurrencyLimit, type Requester } from './concurrency-limit.js';
import { runJourney } from './journey.js';
import { fingerprint, type Job, workflowJobName } from './plan.js';
import type { EngineReport, PortalLoad, ProbeAnswer } from './protocol.js';
import type { RunResult, RunTrigger, StepResult } from './result.js';
import { RunSchedule } from './schedule.js';
import { unmadeRun, unsentRun } from './unsent.js';

/** Longest wait before a warm-up run, which must not delay the schedule for longer. */
const WARM_UP_PATIENCE_MS = 3000;
/** Share of an interval for which a turn waits for a place. */
const TURN_PATIENCE = 0.9;
const canaryTier = 'canary';

/**
 * Runs the journeys of all jobs: on their schedules, and on demand. It runs in the measuring thread and knows nothing
 * about pages or metrics; it sends results through `report`.
 */
export class Engine {
  readonly #redactor: Redactor;
  readonly #report: (report: EngineReport) => void;
  readonly #atWork: AtWork;
  readonly #loopWatch = new LoopWatch();
  readonly #stopping = new Canceller();
  #places = new Map<string, Place>();
  #active = new Map<string, Active>();
  readonly #probing = new Set<Promise<unknown>>();
  readonly #loggingOut = new Set<Promise<void>>();
  #started = false;

  /** @param atWork where it records which job's answer it processes. */
  constructor(redactor: Redactor, report: (report: EngineReport) => void, atWork = new AtWork()) {
    this.#redactor = redactor;
    this.#report = report;
    this.#atWork = atWork;
  }

  /** Applies a changed plan. Unchanged jobs keep their schedule, session, connections and open requests. */
  configure(jobs: readonly Job[]): void {
    const places = new Map<string, Place>();
    for (const { portal } of jobs) {
      if (places.has(portal.name)) continue;
      const hasCanary = jobs.some((job) => job.portal.name === portal.name && isCanary(job));
      places.set(portal.name, this.#placeFor(portal, hasCanary));
    }
    const active = new Map<string, Active>();
    for (const job of jobs) {
      const name = workflowJobName(job.workflow.name, job.portal.name);
      const place = places.get(job.portal.name);
      if (place === undefined) continue;
      const known = this.#active.get(name);
      const print = fingerprint(job);
      const kept = known?.print === print && known.place === place ? known : undefined;
      active.set(name, kept ?? this.#activate(name, job, place, print));
    }
    const ends = [...this.#active].flatMap(([name, old]) =>
      active.get(name) === old ? [] : [{ place: old.place, ended: this.#retire(old, true) }],
    );
    for (const [name, old] of this.#places) {
      if (places.get(name) === old) continue;
      this.#logOutAfter(
        old,
        ends.filter(({ place }) => place === old).map(({ ended }) => ended),
      );
    }
    for (const [name, next] of active) if (this.#started && this.#active.get(name) !== next) next.schedule.begin();
    for (const [name, { limit }] of this.#places) if (places.get(name)?.limit !== limit) limit.close();
    this.#places = places;
    this.#active = active;
  }

  start(): void {
    this.#started = true;
    for (const { schedule } of this.#active.values()) schedule.begin();
  }

  /** Runs one job now, within its portal's limits. */
  async probe(workflow: string, portal: string, trigger: RunTrigger, timeoutMs: number): Promise<ProbeAnswer> {
    const active = this.#active.get(workflowJobName(workflow, portal));
    if (active === undefined) return { kind: 'unknown' };
    const probing = this.#probe(active, trigger, timeoutMs);
    this.#probing.add(probing);
    return probing.finally(() => this.#probing.delete(probing));
  }

  async #probe(active: Active, trigger: RunTrigger, timeoutMs: number): Promise<ProbeAnswer> {
    const limit = new Deadline(timeoutMs, this.#stopping);
    try {
      if (waitMs(active) > 0) return { kind: 'ran', result: askedToWait(active, trigger) };
      const entry = await enter(active, patienceMs(timeoutMs, active.job), limit);
      if (entry.admitted) return { kind: 'ran', result: await this.#run(active, trigger, limit, entry.leave) };
      return entry.reason === 'busy' ? { kind: 'busy' } : { kind: 'ran', result: unanswered(active, trigger) };
    } finally {
      limit.clear();
    }
  }

  state(): Extract<EngineReport, { type: 'state' }> {
    const portals: PortalLoad[] = [...this.#places].map(([portal, { limit, description }]) => ({
      portal,
      ...problemOf(description),
      running: limit.inside,
      open: limit.open,
    }));
    const warmingUp = [...this.#active.values()].filter((active) => active.warmUpLeft > 0).length;
    return { type: 'state', warmingUp, portals };
  }

  /** Lets runs in progress end within the grace period. It does not wait for open requests. */
  async stop(graceMs: number): Promise<void> {
    const ends = [...this.#active.values()].map((active) => this.#retire(active, false));
    const grace = setTimeout(
      () => this.#stopping.abort(new StepFailure('timeout', 'the exporter is stopping')),
      graceMs,
    );
    await Promise.all([...ends, ...this.#probing]);
    clearTimeout(grace);
    for (const place of this.#places.values()) this.#logOutAfter(place, []);
    await Promise.all(this.#loggingOut);
    for (const { limit } of this.#places.values()) limit.close();
  }

  /** Logs out, so that no session remains at portals that limit sessions. */
  #logOutAfter({ sessions }: Place, runs: readonly Promise<void>[]): void {
    const loggingOut = Promise.all(runs).then(() => sessions.close());
    this.#loggingOut.add(loggingOut);
    void loggingOut.finally(() => this.#loggingOut.delete(loggingOut));
  }

  #activate(name: string, job: Job, place: Place, print: string): Active {
    const { workflow, portal } = job;
    const dropped = (reason: DropReason, count: number) =>
      this.#report({ type: 'dropped', workflow: workflow.name, portal: portal.name, reason, count });
    const schedule = new RunSchedule(
      name,
      workflow.schedule,
      (why) => (why === 'turn' ? this.#turn(active, dropped) : this.#warmUp(active)),
      dropped,
    );
    const active: Active = {
      job,
      place,
      print,
      schedule,
      mark: markOf(name),
      requester: { name, isCanary: isCanary(job) },
      kept: workflow.connection === 'reuse' ? this.#connections(name, place) : undefined,
      warmUpLeft: workflow.schedule.warmupRuns,
      notBefore: 0,
      hungAt: undefined,
      discardResult: false,
    };
    return active;
  }

  /** Each turn of the schedule ends in one report: a run that counts, or the reason why there is none. */
  async #turn(active: Active, dropped: (reason: DropReason, count: number) => void): Promise<void> {
    const outcome = await this.#takeTurn(active);
    if (this.#stopping.aborted) dropped('shutdown', 1);
    else if (active.discardResult) dropped('reload', 1);
    else if (outcome === 'busy') dropped('busy', 1);
    else this.#report({ type: 'run', result: outcome });
  }

  async #takeTurn(active: Active): Promise<RunResult | 'busy'> {
    const { intervalMs, jitterRatio } = active.job.workflow.schedule;
    const wait = waitMs(active);
    // A longer wait would overlap the next turn.
    if (wait > intervalMs / 2) return askedToWait(active, 'schedule');
    if (wait > 0) await pause(wait, this.#stopping);
    // Ends before the next turn, which may come early: it would count as an overlap, although places are missing.
    const entry = await enter(active, TURN_PATIENCE * (1 - jitterRatio) * intervalMs, this.#stopping);
    if (entry.admitted) return this.#run(active, 'schedule', this.#stopping, entry.leave);
    return entry.reason === 'busy' ? 'busy' : unanswered(active, 'schedule');
  }

  /**
   * One after another at each portal, and none while a request is open there: a warm-up run must not use the places of runs
   * that measure, and its result does not count. Without it, the first turn still runs.
   */
  async #warmUp(active: Active): Promise<void> {
    const { place } = active;
    const since = performance.now();
    const warming = place.warmUps.then(async () => {
      if (place.limit.open > 0 || performance.now() - since > WARM_UP_PATIENCE_MS || this.#stopping.aborted) return;
      const entry = await enter(active, WARM_UP_PATIENCE_MS, this.#stopping);
      if (!entry.admitted) return;
      const result = await this.#run(active, 'warm-up', this.#stopping, entry.leave);
      if (!this.#stopping.aborted && !active.discardResult) this.#report({ type: 'run', result });
    });
    place.warmUps = warming.catch(() => {});
    await warming;
    active.warmUpLeft -= 1;
  }

  async #run(active: Active, trigger: RunTrigger, signal: Cancellation, leave: () => void): Promise<RunResult> {
    const { job, place, kept, requester, mark } = active;
    const connections = kept ?? this.#connections(requester.name, place);
    try {
      const result = await runJourney({
        ...job,
        credentials: job.workflow.authenticated ? place.sessions.of(job.workflow.identity) : anonymous(this.#redactor),
        connections,
        loopWatch: this.#loopWatch,
        judging: (judge) => this.#atWork.during(mark, judge),
        redactor: this.#redactor,
        trigger,
        signal,
      });
      if (result.success) place.limit.succeeded(requester.name);
      const failed = result.steps.find(({ outcome }) => outcome === 'failed');
      if (failed?.reason === 'timeout' || failed?.fault === 'proxy') active.hungAt = failed;
      // The answer to a warm-up run or a probe does not change a turn: the next turn sends its own request.
      if (trigger === 'schedule') active.notBefore = endOfWait(job.portal, failed?.retryAfterMs);
      return result;
    } finally {
      if (connections !== kept) connections.close();
      leave();
    }
  }

  #connections(name: string, { limit }: Pick<Place, 'limit'>): Connections {
    return new Connections((request) => limit.hold(name, request));
  }

  /**
   * A changed portal keeps its limit object, because waiting runs and open requests stay when, say, a header changes.
   */
  #placeFor(portal: Portal, hasCanary: boolean): Place {
    const before = this.#places.get(portal.name);
    const print = fingerprint(portal);
    const limit = before?.baseUrl === portal.baseUrl ? before.limit : new ConcurrencyLimit(portal.limits, hasCanary);
    limit.configure(portal.limits, hasCanary);
    if (before?.print === print) return before;
    const room = {
      enter: () => limit.accompany(loginOwner),
      onOpenRequest: limit.hold.bind(limit, loginOwner),
      succeeded: () => limit.succeeded(loginOwner),
    };
    return {
      description: portal,
      print,
      baseUrl: portal.baseUrl,
      limit,
      sessions: new Sessions(portal, this.#redactor, this.#stopping, room),
      warmUps: Promise.resolve(),
    };
  }

  async #retire(active: Active, discardResult: boolean): Promise<void> {
    active.discardResult = discardResult;
    await active.schedule.end();
    active.kept?.close();
  }
}

/** Not the name of a workflow: logins belong to the portal. */
const loginOwner = '';

function isCanary({ workflow }: Job): boolean {
  return workflow.tier === canaryTier;
}

/** How long the portal has asked this workflow to wait with its next request. */
function waitMs({ notBefore }: Active): number {
  return Math.max(0, notBefore - performance.now());
}

/** A portal that asks to wait for a day must not leave a day unmeasured. */
function endOfWait({ limits }: Portal, retryAfterMs: number | undefined): number {
  return retryAfterMs === undefined ? 0 : performance.now() + Math.min(retryAfterMs, limits.abandonedAfterMs);
}

function askedToWait(active: Active, trigger: RunTrigger): RunResult {
  const detail = `the portal asked to wait for another ${inSeconds(waitMs(active))} (Retry-After)`;
  return unsentRun(active.job, trigger, active.job.workflow.steps[0]?.name, 'retry-after', detail);
}

function unanswered(active: Active, trigger: RunTrigger): RunResult {
  const open = inSeconds(active.place.limit.openMs(active.requester));
  const detail = `an earlier request has been open for ${open} beyond its deadline, neither answered nor closed`;
  const { hungAt } = active;
  if (hungAt?.fault === 'proxy')
    return unmadeRun(active.job, trigger, `${detail}; ${hungAt.detail}`, { fault: 'proxy', stepName: hungAt.name });
  return unsentRun(active.job, trigger, hungAt?.name, 'unanswered', detail);
}

function inSeconds(ms: number): string {
  return formatMs(Math.ceil(ms / 1000) * 1000);
}

function pause(ms: number, signal: Cancellation): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  return abortable<void>(signal, (done) => {
    timer = setTimeout(done, ms);
  })
    .catch(() => {})
    .finally(() => clearTimeout(timer));
}

/**
 * How long a run on demand may wait for a place: at most half of its time, and so that at least the SLA is left. A run
 * that is cut off before its SLA gives no information about the portal.
 */
function patienceMs(timeoutMs: number, { workflow }: Job): number {
  return Math.max(0, Math.min(timeoutMs / 2, timeoutMs - workflow.slaSeconds * 1000));
}

function problemOf(portal: Portal): Pick<PortalLoad, 'tlsProblem'> {
  const problem = tlsProblem(portal);
  return problem === undefined ? {} : { tlsProblem: problem };
}

/** Waits for at most `ms`. Most runs need not wait, so they create no deadline. */
async function enter({ place: { limit }, requester }: Active, ms: number, signal: Cancellation): Promise<Admission> {
  const atOnce = limit.tryEnter(requester);
  if (atOnce !== undefined) return atOnce;
  const wait = new Deadline(ms, signal);
  return limit.enter(requester, wait).finally(() => wait.clear());
}

/** What the runs on one portal share. */
interface Place {
  readonly print: string;
  readonly description: Portal;
  readonly baseUrl: string;
  readonly limit: ConcurrencyLimit;
  readonly sessions: Sessions;
  /** Resolves when all warm-up runs requested so far have ended. */
  warmUps: Promise<void>;
}

interface Active {
  readonly job: Job;
  readonly place: Place;
  /** Used to detect whether a reload changed it. */
  readonly print: string;
  readonly schedule: RunSchedule;
  /** Identifies it while its answers are processed. */
  readonly mark: number;
  readonly requester: Requester;
  /** With the policy `reuse`: open from run to run. */
  readonly kept: Connections | undefined;
  warmUpLeft: number;
  /** On the monotonic clock: the portal has asked this job to wait until then. */
  notBefore: number;
  /** The step whose request stayed open last, at the portal or at a proxy of ours. */
  hungAt: StepResult | undefined;
  /** The plan of the run in progress was replaced. */
  discardResult: boolean;
}

import { isDeepStrictEqual } from 'node:util';
import type { Portal, PortalLimits, Workflow } from '../../pack/index.js';
import type { DropReason } from '../../pack/metrics/index.js';
import { Backoff } from '../runtime/measuring/backoff.js';
import { type Cancellation, Canceller } from '../runtime/measuring/cancellation.js';
import { LoopWatch } from '../runtime/measuring/loop-watch.js';
import { anonymous } from '../runtime/portal/auth/credentials.js';
import { Sessions } from '../runtime/portal/auth/sessions.js';
import { Deadline } from '../runtime/portal/deadline.js';
import { Connections } from '../runtime/portal/http/connections.js';
import { tlsTrouble } from '../runtime/portal/http/target.js';
import { StepFailure } from '../runtime/portal/step-failure.js';
import type { Redactor } from '../runtime/redactor.js';
import { type Entry, Gate } from './gate.js';
import { runJourney } from './journey.js';
import { fingerprint, type Job, jobName } from './plan.js';
import type { PortalState, ProbeAnswer, Report } from './protocol.js';
import type { RunResult, Trigger } from './result.js';
import { Schedule } from './schedule.js';

/**
 * Runs the journeys of all jobs: on their schedules, and when asked. It lives in the measuring thread and knows
 * nothing of pages or metrics; what happens leaves through `report`.
 */
export class Engine {
  readonly #redactor: Redactor;
  readonly #report: (report: Report) => void;
  readonly #loopWatch = new LoopWatch();
  readonly #stopping = new Canceller();
  #places = new Map<string, Place>();
  #active = new Map<string, Active>();
  readonly #probing = new Set<Promise<unknown>>();
  readonly #loggingOut = new Set<Promise<void>>();
  #started = false;

  constructor(redactor: Redactor, report: (report: Report) => void) {
    this.#redactor = redactor;
    this.#report = report;
  }

  /** Takes up a changed plan. What did not change keeps its pace, session, connections and back-off. */
  configure(jobs: readonly Job[]): void {
    const places = new Map<string, Place>();
    for (const { portal } of jobs) {
      const known = places.get(portal.name) ?? this.#places.get(portal.name);
      places.set(portal.name, known?.print === fingerprint(portal) ? known : this.#newPlace(portal, known));
    }
    const active = new Map<string, Active>();
    for (const job of jobs) {
      const name = jobName(job.workflow.name, job.portal.name);
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
    for (const old of this.#places.values()) {
      if (places.get(old.portal) === old) continue;
      this.#logOutAfter(
        old,
        ends.filter(({ place }) => place === old).map(({ ended }) => ended),
      );
    }
    for (const [name, next] of active) if (this.#started && this.#active.get(name) !== next) next.schedule.begin();
    this.#places = places;
    this.#active = active;
  }

  start(): void {
    this.#started = true;
    for (const { schedule } of this.#active.values()) schedule.begin();
  }

  /** Runs one job now, within its portal's limits. */
  async probe(workflow: string, portal: string, trigger: Trigger, timeoutMs: number): Promise<ProbeAnswer> {
    const active = this.#active.get(jobName(workflow, portal));
    if (active === undefined) return { kind: 'unknown' };
    const probing = this.#probe(active, trigger, timeoutMs);
    this.#probing.add(probing);
    return probing.finally(() => this.#probing.delete(probing));
  }

  async #probe(active: Active, trigger: Trigger, timeoutMs: number): Promise<ProbeAnswer> {
    const { gate } = active.place;
    const limit = new Deadline(timeoutMs, this.#stopping);
    try {
      const entry = await enter(gate, patienceMs(timeoutMs, active.job.workflow), limit);
      if (!entry.admitted) {
        return { kind: 'refused', reason: entry.reason, retryAfterSeconds: Math.ceil(gate.restMs / 1000) };
      }
      return { kind: 'ran', result: await this.#run(active, trigger, limit, entry.leave) };
    } finally {
      limit.clear();
    }
  }

  state(): Extract<Report, { type: 'state' }> {
    const portals: PortalState[] = [...this.#places].map(([portal, { gate, description }]) => ({
      portal,
      ...troubleOf(description),
      running: gate.inside,
      backoffUntilSeconds: gate.restMs === 0 ? 0 : (Date.now() + gate.restMs) / 1000,
    }));
    const warmingUp = [...this.#active.values()].filter((active) => active.warmUpLeft > 0).length;
    return { type: 'state', warmingUp, portals };
  }

  /** Lets runs in progress end, for as long as the grace lasts. */
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
  }

  /** Where a portal counts sessions, nobody leaves one behind. */
  #logOutAfter({ sessions }: Place, runs: readonly Promise<void>[]): void {
    const loggingOut = Promise.all(runs).then(() => sessions.close());
    this.#loggingOut.add(loggingOut);
    void loggingOut.finally(() => this.#loggingOut.delete(loggingOut));
  }

  #activate(name: string, job: Job, place: Place, print: string): Active {
    const { workflow, portal } = job;
    const dropped = (reason: DropReason, count: number) =>
      this.#report({ type: 'dropped', workflow: workflow.name, portal: portal.name, reason, count });
    const schedule = new Schedule(
      name,
      workflow.schedule,
      async (why) => {
        // Each turn of the schedule ends in one report: a run that counts, or the reason why there is none.
        const lost = (reason: DropReason) => {
          if (why === 'turn') dropped(reason, 1);
        };
        if (active.rest.restMs > 0) {
          lost('backoff');
          return;
        }
        const entry = await enter(place.gate, workflow.schedule.intervalMs, this.#stopping);
        if (!entry.admitted) {
          lost(this.#stopping.aborted ? 'shutdown' : entry.reason);
          return;
        }
        const isWarmUp = active.warmUpLeft > 0;
        const result = await this.#run(active, isWarmUp ? 'warm-up' : 'schedule', this.#stopping, entry.leave);
        if (isWarmUp) active.warmUpLeft -= 1;
        if (this.#stopping.aborted) lost('shutdown');
        else if (active.discardResult) lost('reload');
        else {
          if (isWarmUp) lost('warm-up');
          this.#report({ type: 'run', result });
        }
      },
      dropped,
    );
    const active: Active = {
      job,
      place,
      print,
      schedule,
      kept: workflow.connection === 'reuse' ? new Connections() : undefined,
      warmUpLeft: workflow.schedule.warmupRuns,
      rest: new Backoff({ initialMs: 2 * portal.limits.backoffInitialMs, maxMs: portal.limits.backoffMaxMs }),
      discardResult: false,
    };
    return active;
  }

  async #run(
    { job, place, kept, rest }: Active,
    trigger: Trigger,
    signal: Cancellation,
    leave: (timedOut: boolean) => void,
  ): Promise<RunResult> {
    const connections = kept ?? new Connections();
    let timedOut = false;
    try {
      const result = await runJourney({
        ...job,
        credentials: job.workflow.authenticated ? place.sessions.of(job.workflow.identity) : anonymous(this.#redactor),
        connections,
        loopWatch: this.#loopWatch,
        redactor: this.#redactor,
        trigger,
        signal,
      });
      timedOut = result.steps.some((step) => step.reason === 'timeout');
      if (timedOut && trigger !== 'probe') rest.fail();
      else if (!timedOut) rest.succeed();
      return result;
    } finally {
      if (connections !== kept) connections.close();
      leave(timedOut);
    }
  }

  /** A changed portal keeps its gate: what waits there, and why we let it rest, did not change with a header. */
  #newPlace(portal: Portal, before: Place | undefined): Place {
    const sameLimits = before !== undefined && isDeepStrictEqual(before.limits, portal.limits);
    return {
      portal: portal.name,
      print: fingerprint(portal),
      description: portal,
      limits: portal.limits,
      gate: sameLimits ? before.gate : new Gate(portal.limits),
      sessions: new Sessions(portal, this.#redactor, this.#stopping),
    };
  }

  async #retire(active: Active, discardResult: boolean): Promise<void> {
    active.discardResult = discardResult;
    await active.schedule.end();
    active.kept?.close();
  }
}

/**
 * How long a run on demand may wait for a place: at most half of its time, and never so long that less than the SLA is
 * left. A run that is cut off before its SLA says nothing of the portal, and would send it to rest for our queue.
 */
function patienceMs(timeoutMs: number, { slaSeconds }: Workflow): number {
  return Math.max(0, Math.min(timeoutMs / 2, timeoutMs - slaSeconds * 1000));
}

function troubleOf(portal: Portal): Pick<PortalState, 'tlsTrouble'> {
  const trouble = tlsTrouble(portal);
  return trouble === undefined ? {} : { tlsTrouble: trouble };
}

/** Waits no longer than so many milliseconds. Most runs need not wait, nor a deadline for it. */
async function enter(gate: Gate, ms: number, signal: Cancellation): Promise<Entry> {
  const atOnce = gate.tryEnter();
  if (atOnce !== undefined) return atOnce;
  const wait = new Deadline(ms, signal);
  return gate.enter(wait).finally(() => wait.clear());
}

/** What is shared by the runs on one portal. */
interface Place {
  readonly portal: string;
  readonly print: string;
  readonly description: Portal;
  readonly limits: PortalLimits;
  readonly gate: Gate;
  readonly sessions: Sessions;
}

interface Active {
  readonly job: Job;
  readonly place: Place;
  /** To tell whether a reload changed it. */
  readonly print: string;
  readonly schedule: Schedule;
  /** With the policy `reuse`: open from run to run. */
  readonly kept: Connections | undefined;
  warmUpLeft: number;
  /**
   * Its own pause after time-outs, longer than the portal's: a workflow that hangs by itself must not take the one
   * trial run that tells whether the portal is back.
   */
  readonly rest: Backoff;
  /** The plan that asked for the run in progress is gone. */
  discardResult: boolean;
}

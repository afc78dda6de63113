import type { CheckName } from '../../../pack/audit-trail/metrics.js';
import { identityKinds } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { describeError, type Logger, type Redactor } from '../../runtime/log.js';
import { type Failure, failureOf } from '../../runtime/postgres/failure.js';
import { type HeavyReading, ProvenReplica } from '../../runtime/postgres/proven-replica.js';
import type { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import { UnprovenReplica } from '../../runtime/postgres/replica-proof.js';
import { openDatabase } from '../database/open.js';
import type { TrailMetrics } from '../trail-metrics.js';
import { CannotCheck, type Check, type Poll } from './check.js';
import { type LoopState, newLoopState, type Seen } from './loop-state.js';
import { mergeOutcome } from './merge.js';
import { defaultOptions, type ObserverOptions } from './options.js';
import { LoadBudget } from './schedule/budget.js';
import { Turns } from './schedule/turns.js';
import type { Slot } from './slots.js';
import type { EpochReason } from './verdict/epoch.js';
import { unknown } from './verdict/evidence.js';
import type { Finding } from './verdict/findings.js';
import { lostBy } from './verdict/losing.js';
import type { Declared } from './verdict/maintenance.js';

export interface LoopDeps {
  readonly log: Logger;
  readonly redactor?: Redactor;
  readonly metrics: TrailMetrics;
  readonly options?: Partial<ObserverOptions>;
  /** Reads again what people declared and what was lawfully disposed of, and says whether there is more by now. */
  readonly rereadStatements?: () => Promise<boolean>;
}

export interface Until {
  readonly signal: AbortSignal;
  /** Begin nothing new after this moment of the monotonic clock. */
  readonly deadline: number;
}

/**
 * Runs the checks of one trail and holds its state. Only this class replaces the state, always between two awaits. Everything
 * else reads the state or parts of it.
 */
export class Loop {
  /** The database that is observed. */
  readonly database: ReadOnlyDatabase;
  /** Where whole tables are read. */
  readonly heavy: HeavyReading;
  readonly metrics: TrailMetrics;
  readonly log: Logger;
  readonly options: ObserverOptions;
  /** One at a time: fast checks, windows and pages all go on from the same memory. */
  readonly turns = new Turns();
  /** For reading what is new. */
  readonly #budget: LoadBudget;
  readonly #catchUp: LoadBudget;
  readonly #rereadStatements: () => Promise<boolean>;
  #state: LoopState;

  constructor(trail: AuditTrail, deps: LoopDeps) {
    this.log = deps.log.child({ trail: trail.name });
    const access = { log: this.log, ...(deps.redactor === undefined ? {} : { redactor: deps.redactor }) };
    this.database = openDatabase(trail.database, access);
    this.heavy =
      trail.replica === undefined
        ? this.database
        : new ProvenReplica(this.database, openDatabase(trail.replica, access));
    this.metrics = deps.metrics;
    this.options = { ...defaultOptions, ...deps.options };
    this.#budget = new LoadBudget(trail.observe.maxLoad);
    this.#catchUp = new LoadBudget(trail.observe.catchUpLoad);
    this.#rereadStatements = deps.rereadStatements ?? (() => Promise.resolve(false));
    this.#state = newLoopState(trail);
  }

  get state(): LoopState {
    return this.#state;
  }

  /** @param changed computes the next state from the present one; it must not wait. */
  change(changed: (state: LoopState) => LoopState): void {
    this.#state = changed(this.#state);
  }

  /** What people declared, as of now. */
  declared(): Declared {
    const { declarations, memory } = this.#state;
    return { declarations, applied: memory.applied, settleMs: this.options.settleMs, now: this.options.now() };
  }

  /** What a check gets. */
  poll(seen: Seen, until: Until): Poll {
    const { trail, sql, memory, disposals } = this.#state;
    const { options, database, heavy } = this;
    return {
      trail,
      facts: seen.facts,
      tables: seen.tables,
      catalogue: seen.catalogue,
      known: memory,
      sql,
      disposals,
      ...until,
      runs: 0,
      pace: options,
      load: this.#budget,
      catchUp: this.#catchUp,
      now: options.now,
      read: (work) => database.read(until.signal, work),
      readAside: (work) => heavy.read(until.signal, work),
    };
  }

  /** Runs a check until it has nothing more to do, and merges its outcomes. Never rejects. */
  async run<M, P extends Poll>(slot: Slot<M>, check: Check<M, P>, poll: P): Promise<void> {
    const begunAt = performance.now();
    try {
      for (let runs = 0, isMore = true; isMore; runs += 1) {
        const run = () => this.#runOnce(slot, check, { ...poll, runs });
        isMore = await (check.isExclusive === true ? this.turns.take(run) : run());
      }
      this.#succeeded(check.name);
      this.metrics.checked(check.name, this.options.now(), performance.now() - begunAt);
    } catch (error) {
      this.failed(check, poll, error);
    }
  }

  /** Runs one of the fast checks. They share one transaction, so a failure of one rejects the whole poll. */
  async runWithin<M, P extends Poll>(slot: Slot<M>, check: Check<M, P>, poll: P): Promise<void> {
    for (let runs = 0, isMore = true; isMore; runs += 1) isMore = await this.#runOnce(slot, check, { ...poll, runs });
  }

  async #runOnce<M, P extends Poll>(slot: Slot<M>, check: Check<M, P>, given: P): Promise<boolean> {
    const { memory, disposals } = this.#state;
    const version = slot.version(memory);
    const before = slot.get(memory);
    const outcome = await check.run({ ...given, known: memory, disposals }, before);
    // A maintenance or a disposal that was stated during the run may make what it found no fault: it runs again.
    if ((outcome.findings ?? []).length > 0 && (await this.#rereadStatements())) return true;
    const { settleMs } = this.options;
    const ran = { outcome, version, facts: given.facts, settleMs, now: given.now() };
    const { state, own, counted, suspected } = mergeOutcome(this.#state, slot, check, ran);
    this.#state = state;
    for (const kind of identityKinds) {
      const n = outcome.breaks?.[kind] ?? 0;
      if (n !== 0) this.metrics.identityBreak(kind, n);
    }
    for (const { table, cause } of suspected) this.log.warn('audit trail suspect', { table, cause });
    this.report(counted);
    if (outcome.epoch !== undefined) this.epochBegan(outcome.epoch);
    for (const { message, detail } of outcome.warnings ?? []) this.log.warn(message, detail);
    outcome.record?.(this.metrics);
    check.show?.(own, this.metrics, before);
    if (outcome.error !== undefined) throw outcome.error;
    return outcome.isMore === true;
  }

  /** The one place that decides what a failed check means: its evidence is unknown. */
  failed<M, P extends Poll>(check: Check<M, P>, poll: Poll, error: unknown): void {
    // A run that is cancelled because the observer ends says nothing about the trail.
    if (this.#state.isRetired) return;
    check.hide?.(this.metrics);
    const { failure, fixes } = meaningOf(check, poll, error);
    if (check.isLostWith?.(failure, poll) === true) {
      this.lose(error);
      return;
    }
    const { errors, evidence } = this.#state;
    this.#state = {
      ...this.#state,
      errors: new Map([...errors, [check.name, failure]]),
      evidence: check.evidence.reduce((book, source) => book.withFailure(source, failure, fixes), evidence),
      // The description of the audit table may be out of date.
      shapeReadAt: 0,
    };
    this.log.warn('a check failed', { check: check.name, error });
  }

  /** A check that cannot be started. */
  notRun<M, P extends Poll>(check: Check<M, P>, reason: string): void {
    const evidence = check.evidence.reduce((book, source) => book.with(source, unknown(reason)), this.#state.evidence);
    this.#state = { ...this.#state, evidence };
    check.hide?.(this.metrics);
  }

  /** The fast checks failed, or the database is gone: nothing can be seen. */
  lose(error: unknown): void {
    const failure = failureOf(error);
    const before = this.#state;
    this.#state = lostBy(before, failure);
    this.metrics.lost();
    const isNews = before.saidLost !== this.#state.saidLost;
    this.log[isNews ? 'warn' : 'debug']('poll failed', { kind: failure.kind, error: describeError(error) });
  }

  epochBegan(reason: EpochReason): void {
    this.metrics.epochChanged(reason);
    this.log.info('statistics epoch begins', { reason });
  }

  /** Findings that count from now on. */
  report(findings: readonly Finding[]): void {
    for (const { table, kind, operation, check, detail } of findings) {
      this.metrics.finding(table, kind, operation, check);
      this.log.debug('audit trail fault confirmed', { table, kind, operation, check, detail });
    }
  }

  #succeeded(name: CheckName): void {
    const errors = new Map(this.#state.errors);
    if (errors.delete(name)) this.#state = { ...this.#state, errors };
  }
}

function meaningOf<M, P extends Poll>(
  check: Check<M, P>,
  poll: Poll,
  error: unknown,
): { readonly failure: Failure; readonly fixes: readonly string[] } {
  if (error instanceof UnprovenReplica) return { failure: failureOf(error), fixes: error.fixes };
  if (error instanceof CannotCheck) return { failure: { kind: 'other', reason: error.message }, fixes: error.fixes };
  const failure = failureOf(error);
  return { failure, fixes: check.fixes?.(failure, poll) ?? [] };
}

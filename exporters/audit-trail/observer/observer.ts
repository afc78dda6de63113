import type { AuditTrail } from '../../../pack/index.js';
import { evidenceSources } from '../../../pack/metrics/index.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { Database } from '../database/database.js';
import { readFacts } from '../database/facts.js';
import { failureOf } from '../database/failure.js';
import type { CheckName, TrailMetrics } from '../metrics.js';
import type { Witness } from '../witness/index.js';
import { compareBusinessTables } from './comparing.js';
import { defaultOptions, type ObserverOptions, type TrailContext } from './context.js';
import { readDeclarations } from './declarations.js';
import { type Evidence, EvidenceBook } from './evidence.js';
import { checkExposure } from './exposure.js';
import { checkIdentity } from './identity.js';
import { Settling } from './invariants.js';
import { watermarkLag } from './lag.js';
import { type MemoryStore, newMemory } from './memory.js';
import { orderLostText } from './ordering.js';
import { makePlan, type Plan } from './plan.js';
import { readRecords, recheckRecords, type Until } from './reading.js';
import { isReplaced } from './replaced.js';
import { judgeTables, resolve } from './resolving.js';
import { checkRetention } from './retention.js';
import { sweepFailed, sweepTables } from './sweeping.js';
import { lookAtTripwires, lookFailed } from './tripwires.js';
import { Turns } from './turns.js';
import { consultWitness } from './witnessing.js';

/** Longest that the exact checks go on beginning new windows and pages, as a share of their interval. */
const SOFT_SHARE = 0.7;
const LAG_HALF_LIFE = 0.5;

export interface ObserverDeps {
  readonly log: Logger;
  readonly redactor?: Redactor;
  readonly metrics: TrailMetrics;
  readonly memory: MemoryStore;
  /** Where people's declarations are; none without it. */
  readonly declarations?: string;
  readonly options?: Partial<ObserverOptions>;
  /** What the sealer says of itself; asked after each look. */
  readonly seal?: () => Evidence;
  readonly witness?: Witness;
  /** Looks, but leaves the states of tables as the running observer judged them. */
  readonly isVisitor?: boolean;
}

/** Watches one trail. `lookQuickly` and `lookClosely` may be called at any time; neither ever rejects. */
export class Observer {
  readonly context: TrailContext;
  readonly #deps: ObserverDeps;
  #isLoaded = false;
  #isRetired = false;

  constructor(trail: AuditTrail, deps: ObserverDeps) {
    const options = { ...defaultOptions, ...deps.options };
    const log = deps.log.child({ trail: trail.name });
    const database = new Database(trail.database, {
      log,
      ...(deps.redactor === undefined ? {} : { redactor: deps.redactor }),
    });
    this.#deps = deps;
    this.context = {
      trail,
      database,
      heavy:
        trail.replica === undefined
          ? database
          : new Database(trail.replica, { log, ...(deps.redactor === undefined ? {} : { redactor: deps.redactor }) }),
      metrics: deps.metrics,
      evidence: new EvidenceBook(),
      log,
      options,
      settling: new Settling(options.settleMs),
      turns: new Turns(),
      memory: newMemory(trail.name),
      declarations: [],
      seen: undefined,
      sql: undefined,
      recordsTrouble: undefined,
      replayTrouble: undefined,
      sweepTroubles: new Map(),
      readingTrouble: undefined,
      lost: undefined,
      saidLost: undefined,
      residuals: {},
      shapeReadAt: 0,
      stall: undefined,
      openSeconds: 0,
      obstacles: new Map(),
      compared: new Map(),
      exposure: undefined,
      retention: undefined,
    };
    for (const source of ['seal', 'witness'] as const) {
      if (trail[source] === undefined) this.context.evidence.unknown(source, 'not configured');
    }
  }

  get hasSuspicion(): boolean {
    return Object.values(this.context.memory.tables).some(({ suspicion }) => suspicion !== undefined);
  }

  /** Tripwires: counters, catalogue, storage. */
  async lookQuickly(signal: AbortSignal): Promise<void> {
    const { context } = this;
    await this.#load();
    await context.turns.take(() =>
      this.#timed('tripwires', async () => {
        context.lost = undefined;
        await context.database.look(signal, (session) => lookAtTripwires(context, session));
      }),
    );
    await this.#finish();
  }

  /** Exact checks: what is new, whatever is suspect, and the next part of the rolling sweep. */
  async lookClosely(signal: AbortSignal): Promise<void> {
    const { context } = this;
    if (context.seen === undefined) await this.lookQuickly(signal);
    if (context.lost === undefined && context.sql !== undefined) {
      const softDeadline = performance.now() + Math.max(1000, context.trail.observe.confirmIntervalMs * SOFT_SHARE);
      await this.#checkExactly({ signal, softDeadline });
    } else {
      this.#withoutRecords();
    }
    if (context.lost === undefined) await this.#checkExposure(signal);
    if (context.lost === undefined) await this.#compare(signal);
    // What was read since, such as records of TRUNCATE, belongs to the equalities; they must not be judged without.
    if (context.lost === undefined && this.hasSuspicion) await this.lookQuickly(signal);
    await context.turns.take(() => {
      if (context.lost === undefined) resolve(context);
      return Promise.resolve();
    });
    await this.#finish();
  }

  /** From now on nothing is concluded: that looks are cut off says nothing about the trail. */
  retire(): void {
    this.#isRetired = true;
  }

  async close(): Promise<void> {
    const { database, heavy } = this.context;
    await database.close();
    if (heavy !== database) await heavy.close();
    await this.#deps.witness?.close();
  }

  async #load(): Promise<void> {
    const { context } = this;
    if (!this.#isLoaded) {
      context.memory = await this.#deps.memory.load(context.trail.name);
      this.#isLoaded = true;
      if (this.#deps.isVisitor === true) context.evidence.takeOver(context.memory.evidence ?? {});
    }
    try {
      if (this.#deps.declarations !== undefined)
        context.declarations = await readDeclarations(this.#deps.declarations, context.trail.name);
    } catch (error) {
      context.log.error('declarations cannot be read; those of before stay in force', { error });
    }
  }

  async #checkExactly(until: Until): Promise<void> {
    const { context } = this;
    const { evidence, sql } = context;
    if (sql === undefined) return;
    const planned = () =>
      context.turns.take(() => context.database.look(until.signal, (session) => makePlan(context, session, sql)));
    let plan: Plan;
    try {
      plan = await planned();
    } catch (error) {
      this.#readingFailed(error);
      return;
    }
    await this.#consultWitness(until.signal);
    await this.#timed(
      'reading',
      () => this.#read(until, plan),
      (error) => this.#readingFailed(error),
    );
    if (context.lost !== undefined) return;
    // Names and snapshots that were just read change what there is to compare.
    plan = await planned().catch(() => plan);
    await this.#timed(
      'replay',
      async () => {
        this.#judgeReplayEvidence();
        await sweepTables(context, plan, until);
        context.replayTrouble = undefined;
        if (context.sweepTroubles.size > 0) this.#judgeReplayEvidence();
      },
      (error) => this.#heavyFailed(error),
    );
    await this.#timed(
      'identity',
      () => this.#checkIdentity(until.signal),
      (error) => evidence.failed('identity', failureOf(error)),
    );
    await this.#timed(
      'retention',
      () => this.#checkRetention(until.signal),
      (error) => context.log.warn('retention cannot be checked', { error }),
    );
  }

  async #read(until: Until, plan: Plan): Promise<void> {
    const { context } = this;
    const { evidence, memory, sql } = context;
    if (sql === undefined) return;
    await this.#checkLag(until.signal);
    const lacks = sql.hasImages
      ? []
      : [{ reason: 'records hold no row images, so changed values cannot be seen', remedies: [] }];
    const disorder = orderLostText(context);
    if (disorder === undefined) evidence.judge('continuity', 'each image is compared with the one before', lacks);
    else evidence.unknown('continuity', disorder);
    await readRecords(context, plan, until);
    await recheckRecords(context, plan, until);
    context.readingTrouble = undefined;
    const isExact = sql.txidType !== undefined;
    const isUnlogged = sql.shape.unlogged
      ? [
          {
            reason: 'the audit table is UNLOGGED: a crash empties it',
            remedies: [`ALTER TABLE ${sql.records.table} SET LOGGED`],
          },
        ]
      : [];
    const overlap = isExact
      ? []
      : [
          {
            reason: 'no transaction column: a time range is read again, which is less certain',
            remedies: [
              'ALTER TABLE … ADD COLUMN xact_id xid8 DEFAULT pg_current_xact_id(), with an index on (xact_id, id), and name it under columns.transaction',
            ],
          },
        ];
    const mutated = (memory.ledger?.judged.records_mutated ?? 0) + (memory.ledger?.pending.records_mutated ?? 0);
    const rewritten =
      mutated > 0 ? [{ reason: `${mutated} audit records were updated or deleted in this epoch`, remedies: [] }] : [];
    evidence.judge('records', 'read up to the oldest running transaction', [...isUnlogged, ...overlap, ...rewritten]);
  }

  #judgeReplayEvidence(): void {
    const { evidence, obstacles, sweepTroubles } = this.context;
    const reasons = [...new Set([...obstacles.values(), ...[...sweepTroubles.values()].map(({ reason }) => reason)])];
    const remedies = [...new Set([...sweepTroubles.values()].flatMap((trouble) => trouble.remedies))];
    evidence.judge(
      'replay',
      'rows are compared with their last records',
      reasons.length === 0 ? [] : [{ reason: reasons.slice(0, 5).join('; '), remedies }],
    );
  }

  async #checkLag(signal: AbortSignal): Promise<void> {
    const { context } = this;
    await context.database.look(signal, async (session) => {
      const { seconds, stall } = await watermarkLag(
        session,
        await readFacts(session),
        context.stall,
        context.options.now(),
      );
      context.stall = stall;
      context.openSeconds = Math.max(seconds, context.openSeconds * LAG_HALF_LIFE);
      context.metrics.watermarkLag(seconds);
    });
  }

  async #checkIdentity(signal: AbortSignal): Promise<void> {
    const { context } = this;
    const { sql, memory, metrics } = context;
    if (sql === undefined) return;
    const before = memory.identity;
    const result = await context.database.look(signal, (session) =>
      checkIdentity(
        session,
        sql,
        memory.epoch?.startedAt ?? 0,
        before === undefined ? undefined : { ...before, highest: before.highest, given: before.given },
      ),
    );
    if (result === undefined) return;
    const { highest, given, epoch } = result.next;
    memory.identity = {
      epoch,
      ...(highest === undefined ? {} : { highest }),
      ...(given === undefined ? {} : { given }),
    };
    if (result.beyondSequence) metrics.identityBreak('beyond_sequence');
    if (result.regressed) {
      metrics.identityBreak('regressed');
      memory.orderLost ??= { at: context.options.now() };
    }
  }

  async #checkRetention(signal: AbortSignal): Promise<void> {
    const { context } = this;
    const { sql, memory, metrics, trail } = context;
    if (sql === undefined) return;
    const result = await context.database.look(signal, async (session) => {
      const found = await checkRetention(
        session,
        sql,
        trail.retention,
        memory.firstToKeep,
        context.options.now() / 1000,
      );
      return (await isReplaced(session, sql)) ? undefined : found;
    });
    if (result === undefined) return;
    context.retention = result;
    if (result.firstToKeep === undefined) delete memory.firstToKeep;
    else memory.firstToKeep = { ord: result.firstToKeep.ord, at: result.firstToKeep.at };
    metrics.retention(result.oldest, {
      disposed_early: result.disposedEarly ? 1 : 0,
      partition_gap: result.partitionGaps,
    });
  }

  async #checkExposure(signal: AbortSignal): Promise<void> {
    const { context } = this;
    const audited =
      context.seen?.tables.flatMap(({ relation, leaves }) => [relation.oid, ...leaves.map(({ oid }) => oid)]) ?? [];
    const shape = context.sql?.shape;
    const records = shape === undefined ? [] : [shape.oid, ...shape.leaves, ...shape.archiveLeaves];
    await this.#timed(
      'exposure',
      async () => {
        context.exposure = await context.database.look(signal, (session) => checkExposure(session, audited, records));
        context.metrics.exposure(context.exposure.counts);
      },
      (error) => context.log.warn('roles cannot be read', { error }),
    );
  }

  async #compare(signal: AbortSignal): Promise<void> {
    if (this.context.trail.comparisons.length === 0) return;
    await this.#timed(
      'comparisons',
      () => compareBusinessTables(this.context, signal),
      (error) => this.context.log.warn('business tables cannot be compared', { error }),
    );
  }

  async #consultWitness(signal: AbortSignal): Promise<void> {
    const { witness } = this.#deps;
    if (witness === undefined) return;
    await this.#timed(
      'witness',
      () => consultWitness(this.context, witness, signal),
      (error) => this.context.evidence.failed('witness', failureOf(error)),
    );
  }

  #withoutRecords(): void {
    const { context } = this;
    if (context.lost !== undefined) return;
    for (const source of ['continuity', 'replay'] as const)
      context.evidence.unknown(source, context.recordsTrouble ?? 'no audit records');
  }

  #readingFailed(error: unknown): void {
    const failure = failureOf(error);
    if (failure.kind === 'connection') {
      lookFailed(this.context, error);
      return;
    }
    const { role = 'the observer' } = this.context.seen?.facts ?? {};
    const remedies =
      failure.kind === 'privilege'
        ? [
            `GRANT SELECT ON ${this.context.trail.records?.table ?? ''} TO ${role}; with row-level security also ALTER ROLE ${role} BYPASSRLS`,
          ]
        : [];
    this.context.readingTrouble = failure.reason;
    this.context.evidence.failed('records', failure, remedies);
    this.context.evidence.failed('continuity', failure, remedies);
    this.context.log.warn('records cannot be checked', { error });
    // The description of the audit table may be what is out of date.
    this.context.shapeReadAt = 0;
  }

  #heavyFailed(error: unknown): void {
    if (failureOf(error).kind === 'connection' && this.context.heavy === this.context.database)
      lookFailed(this.context, error);
    else sweepFailed(this.context, error);
    this.context.log.warn('rows cannot be compared', { error });
  }

  async #timed(
    check: CheckName,
    work: () => Promise<void>,
    onError = (error: unknown) => lookFailed(this.context, error),
  ): Promise<void> {
    const begunAt = performance.now();
    try {
      await work();
      this.context.metrics.checked(check, this.context.options.now(), performance.now() - begunAt);
    } catch (error) {
      if (!this.#isRetired) onError(error);
    }
  }

  #finish(): Promise<void> {
    return this.context.turns.take(() => this.#conclude());
  }

  async #conclude(): Promise<void> {
    const { context } = this;
    if (this.#deps.isVisitor === true || this.#isRetired) return;
    const seal = this.#deps.seal?.();
    if (seal !== undefined) context.evidence.set('seal', seal.state, seal.reason, seal.remedies);
    judgeTables(context);
    for (const source of evidenceSources) context.metrics.evidence(source, context.evidence.get(source).state);
    // Nothing was learned, and a state that never was loaded must not take the place of one that is there.
    if (context.lost !== undefined && context.memory.epoch === undefined) return;
    context.memory.evidence = context.evidence.toPlain();
    try {
      await this.#deps.memory.save(context.memory);
    } catch (error) {
      context.log.error('the state cannot be kept; after a restart all is unknown until proven again', { error });
    }
  }
}

import type { AuditTrail } from '../../../pack/index.js';
import { evidenceSources } from '../../../pack/metrics/index.js';
import { describeError } from '../../runtime/log.js';
import type { LawfulDisposal } from '../seal/index.js';
import type { Witness } from '../witness/index.js';
import { compareBusinessTables } from './comparing.js';
import type { TrailContext } from './context.js';
import { readDeclarations } from './declarations.js';
import type { Evidence } from './evidence.js';
import { checkExactly, type Timed } from './exact-checks.js';
import { noRecords } from './judging-evidence.js';
import { lookFailed } from './look-failed.js';
import type { MemoryStore } from './memory.js';
import { type ContextDeps, newContext } from './new-context.js';
import { lookAtExposure } from './record-checks.js';
import { judgeTables, resolve } from './resolving.js';
import { lookAtTripwires } from './tripwires.js';
import { witnessUnknown } from './witnessing.js';

/** Longest that the exact checks go on beginning new windows and pages, as a share of their interval. */
const SOFT_SHARE = 0.7;

export interface ObserverDeps extends ContextDeps {
  readonly memory: MemoryStore;
  /** Where people's declarations are; none without it. */
  readonly declarations?: string;
  /** What signed statements say may lawfully be gone; nothing without it. */
  readonly disposals?: () => Promise<readonly LawfulDisposal[]>;
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
  #disposalTrouble: string | undefined;

  constructor(trail: AuditTrail, deps: ObserverDeps) {
    this.#deps = deps;
    this.context = newContext(trail, deps);
  }

  get hasSuspicion(): boolean {
    return Object.values(this.context.memory.tables).some(({ suspicion }) => suspicion !== undefined);
  }

  /** Tripwires: counters, catalogue, storage. */
  async lookQuickly(signal: AbortSignal): Promise<void> {
    const { context } = this;
    try {
      await this.#load();
    } catch (error) {
      // Nothing is concluded or kept before it is known what was proven.
      const trouble = describeError(error);
      if (context.lost !== trouble) context.log.error('what was proven before cannot be read yet', { error: trouble });
      context.lost = trouble;
      context.metrics.lost();
      await this.#finish();
      return;
    }
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
    if (context.lost !== undefined && this.#deps.witness !== undefined)
      witnessUnknown(context, `not asked: ${context.lost}`);
    if (context.lost === undefined) {
      if (context.sql === undefined) noRecords(context);
      else {
        const softDeadline = performance.now() + Math.max(1000, context.trail.observe.confirmIntervalMs * SOFT_SHARE);
        await checkExactly(context, context.sql, this.#deps.witness, this.#timed, { signal, softDeadline });
      }
    }
    if (context.lost === undefined) await this.#lookAtRoles(signal);
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
      const place = context.memory.witness?.place;
      if (place !== undefined) this.#deps.witness?.resume(place);
      if (this.#deps.isVisitor === true) context.evidence.takeOver(context.memory.evidence ?? {});
    }
    try {
      if (this.#deps.declarations !== undefined)
        context.declarations = await readDeclarations(this.#deps.declarations, context.trail.name);
    } catch (error) {
      context.log.error('declarations cannot be read; those of before stay in force', { error });
    }
    await this.#readDisposals();
  }

  /** What cannot be read excuses nothing: then a lawful disposal alarms, which is the safer of the two errors. */
  async #readDisposals(): Promise<void> {
    const { context } = this;
    try {
      context.disposals = (await this.#deps.disposals?.()) ?? [];
      this.#disposalTrouble = undefined;
    } catch (error) {
      const trouble = describeError(error);
      if (trouble !== this.#disposalTrouble)
        context.log.error('disposals cannot be read; those of before stay in force', { error });
      this.#disposalTrouble = trouble;
    }
  }

  async #lookAtRoles(signal: AbortSignal): Promise<void> {
    await this.#timed(
      'exposure',
      () => lookAtExposure(this.context, signal),
      (error) => this.context.log.warn('roles cannot be read', { error }),
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

  readonly #timed: Timed = async (check, work, onError = (error) => lookFailed(this.context, error)) => {
    const begunAt = performance.now();
    try {
      await work();
      this.context.metrics.checked(check, this.context.options.now(), performance.now() - begunAt);
    } catch (error) {
      if (!this.#isRetired) onError(error);
    }
  };

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

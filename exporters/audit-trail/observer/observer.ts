import type { AuditTrail } from '../../../pack/index.js';
import { evidenceSources } from '../../../pack/metrics/index.js';
import { describeError } from '../../runtime/log.js';
import type { LawfulDisposal } from '../seal/index.js';
import type { Witness } from '../witness/index.js';
import { witnessCheck } from './checks/witness/witness.js';
import { checkExactly, type WitnessCheck } from './exact-checks.js';
import { checkFast } from './fast-checks.js';
import { lookFailed } from './look-failed.js';
import type { LoopState } from './loop-state.js';
import type { MemoryStore } from './memory.js';
import { type LoopDeps, newLoopState } from './new-loop-state.js';
import { readDeclarations } from './verdict/declarations.js';
import type { Evidence } from './verdict/evidence.js';
import { judgeTables, resolve } from './verdict/resolving.js';

/** Longest that the exact checks go on beginning new windows and pages, as a share of their interval. */
const SOFT_SHARE = 0.7;

export interface ObserverDeps extends LoopDeps {
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
  readonly context: LoopState;
  readonly #deps: ObserverDeps;
  #loading: Promise<void> | undefined;
  readonly #witness: WitnessCheck | undefined;
  #disposalError: string | undefined;

  constructor(trail: AuditTrail, deps: ObserverDeps) {
    this.#deps = deps;
    this.context = newLoopState(trail, deps);
    this.#witness = deps.witness === undefined ? undefined : witnessCheck(deps.witness);
  }

  get hasSuspicion(): boolean {
    return Object.values(this.context.memory.tables).some(({ suspicion }) => suspicion !== undefined);
  }

  /** The fast checks: counters, catalogue, storage. */
  async lookQuickly(signal: AbortSignal): Promise<void> {
    const { context } = this;
    try {
      await this.#load();
    } catch (error) {
      // Nothing is concluded or kept before it is known what was proven.
      const reason = describeError(error);
      if (context.lost !== reason) context.log.error('what was proven before cannot be read yet', { error: reason });
      context.lost = reason;
      context.metrics.lost();
      await this.#finish();
      return;
    }
    await context.turns.take(() => this.#checkFast(signal));
    await this.#finish();
  }

  /** Exact checks: what is new, whatever is suspect, and the next part of the full scans. */
  async lookClosely(signal: AbortSignal): Promise<void> {
    const { context } = this;
    if (context.seen === undefined) await this.lookQuickly(signal);
    const deadline = performance.now() + Math.max(1000, context.trail.observe.confirmIntervalMs * SOFT_SHARE);
    await checkExactly(context, this.#witness, { signal, deadline });
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
    this.context.isRetired = true;
  }

  async close(): Promise<void> {
    const { database, heavy } = this.context;
    await database.close();
    if (heavy !== database) await heavy.close();
    await this.#deps.witness?.close();
  }

  async #load(): Promise<void> {
    const { context } = this;
    // Both paces may ask for it at once, and what one of them has learned since must not be replaced. What could not be
    // read is read again the next time.
    this.#loading ??= this.#remember().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
    try {
      if (this.#deps.declarations !== undefined)
        context.declarations = await readDeclarations(this.#deps.declarations, context.trail.name);
    } catch (error) {
      context.log.error('declarations cannot be read; those of before stay in force', { error });
    }
    await this.#readDisposals();
  }

  async #remember(): Promise<void> {
    const { context } = this;
    context.memory = await this.#deps.memory.load(context.trail.name);
    const { place } = context.memory.checks.witness;
    if (place !== undefined) this.#deps.witness?.resume(place);
    if (this.#deps.isVisitor === true) context.evidence.takeOver(context.memory.evidence ?? {});
  }

  /** What cannot be read excuses nothing: then a lawful disposal alarms, which is the safer of the two errors. */
  async #readDisposals(): Promise<void> {
    const { context } = this;
    try {
      context.disposals = (await this.#deps.disposals?.()) ?? [];
      this.#disposalError = undefined;
    } catch (error) {
      const reason = describeError(error);
      if (reason !== this.#disposalError)
        context.log.error('disposals cannot be read; those of before stay in force', { error });
      this.#disposalError = reason;
    }
  }

  /** The fast checks are one: they look at one moment, and when they fail nothing can be seen. */
  async #checkFast(signal: AbortSignal): Promise<void> {
    const { context } = this;
    const begunAt = performance.now();
    try {
      context.lost = undefined;
      await context.database.look(signal, (session) => checkFast(context, session, signal));
      context.metrics.checked('tripwires', context.options.now(), performance.now() - begunAt);
    } catch (error) {
      if (!context.isRetired) lookFailed(context, error);
    }
  }

  #finish(): Promise<void> {
    return this.context.turns.take(() => this.#conclude());
  }

  async #conclude(): Promise<void> {
    const { context } = this;
    if (this.#deps.isVisitor === true || context.isRetired) return;
    const seal = this.#deps.seal?.();
    if (seal !== undefined) context.evidence.set('seal', seal);
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
